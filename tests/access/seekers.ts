/**
 * Who tries: somebody with a role in the project, a person who is not in it, an admin of the
 * workspace who is not in it either, and an agent that works in a run of the
 * project on behalf of its owner.
 */
export const SEEKERS = [
  'OWNER',
  'ADMIN',
  'MEMBER',
  'VIEWER',
  'STRANGER',
  'WORKSPACE_ADMIN',
  'AGENT',
] as const;
export type Seeker = (typeof SEEKERS)[number];
