import type { z } from 'zod';

/** A kind of event that a subgraph publishes: its name with a version, and the shape of its payload. */
export interface EventDefinition<Payload = unknown> {
  readonly type: string;
  readonly payload: z.ZodType<Payload>;
}

/**
 * Defines an event by its name, `<subgraph>.<what-happened>.v<n>`, and the shape of its payload.
 * Logged events are kept, so a payload whose meaning or shape changes needs a new version.
 */
export const defineEvent = <Payload>(
  type: string,
  payload: z.ZodType<Payload>,
): EventDefinition<Payload> => ({
  type,
  payload,
});

/** The stream of a project: its events in the order of their commits. For the scope of rights see `projectScope`. */
export const projectStream = (projectId: string): string => `project:${projectId}`;
