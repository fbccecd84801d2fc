/** The roles of a person in a project, the weakest first. Each role includes the rights of the roles before it. */
export const ROLES = ['VIEWER', 'MEMBER', 'ADMIN', 'OWNER'] as const;
export type Role = (typeof ROLES)[number];
