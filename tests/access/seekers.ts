/**
 * Who tries: somebody with a role in the project, a person who is not in it, and an agent that works in a run of the
 * project on behalf of its owner.
 */
export const SEEKERS = ['OWNER', 'ADMIN', 'MEMBER', 'VIEWER', 'STRANGER', 'AGENT'] as const;
export type Seeker = (typeof SEEKERS)[number];
