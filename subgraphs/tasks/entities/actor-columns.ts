import type { Actor } from '../../../platform/identity/actor.ts';

/** Who wrote a comment or a line of history; the names of the GraphQL types. */
export type ActorKind = 'User' | 'Agent';

/** An actor as the rows and events of this subgraph name it. */
export interface ActorColumns {
  kind: ActorKind;
  id: string;
  /** The actor's name at this moment. */
  displayName: string;
  /** The run in which an agent acts; null for a person. */
  runId: string | null;
}

/** Names an actor for rows and events. Throws for a part of the system: only people and agents change tasks. */
export function actorColumns(actor: Actor): ActorColumns {
  if (actor.kind === 'system')
    throw new Error(`${actor.part} must act for a person or an agent to change tasks`);
  const { id, displayName } = actor;
  return actor.kind === 'agent'
    ? { kind: 'Agent', id, displayName, runId: actor.runId }
    : { kind: 'User', id, displayName, runId: null };
}
