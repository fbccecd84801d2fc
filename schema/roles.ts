/** What a person may be in a project, the least first: each role may also do what those before it may. */
export const ROLES = ['VIEWER', 'MEMBER', 'ADMIN', 'OWNER'] as const;
export type Role = (typeof ROLES)[number];
