import type { WorkspaceRole } from '../platform/identity/actor.ts';

/** Who is an admin of the workspace: the people named, and the members of a group. */
export interface WorkspaceAdmins {
  /** The `sub` of tokens; in development names. */
  readonly people: readonly string[];
  /** The name of a group; null for none. */
  readonly group: string | null;
  /** The claim of a token that names the groups of its person. */
  readonly groupsClaim: string;
}

/** Reads the role of a token's person. A claim of groups that is neither a text nor a list names no group. */
export function readWorkspaceRole(
  claims: Readonly<Record<string, unknown>>,
  { people, group, groupsClaim }: WorkspaceAdmins,
): WorkspaceRole {
  const isNamed = people.includes(String(claims['sub']));
  const isInGroup = group !== null && [claims[groupsClaim]].flat().includes(group);
  return isNamed || isInGroup ? 'ADMIN' : 'MEMBER';
}

/** In development everybody is an admin, unless settings say who is. */
export const developmentRole = (name: string, { people }: WorkspaceAdmins): WorkspaceRole =>
  people.length === 0 || people.includes(name) ? 'ADMIN' : 'MEMBER';
