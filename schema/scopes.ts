/**
 * The scope of the rights in a project. Roles are granted in scopes; events are written into streams.
 * The texts of a project's scope and of its stream are equal today, and nothing may rely on it.
 */
export const projectScope = (projectId: string): string => `project:${projectId}`;
