import type { Actor } from './actor.ts';

/** Who made a row: the names of the GraphQL types that implement `Actor`. */
export type ActorKind = 'User' | 'Agent';

/** An actor as rows and events name it. */
export interface ActorColumns {
  kind: ActorKind;
  id: string;
  /** The actor's name at this moment. */
  displayName: string;
  /** The run in which an agent acts; null for a person. */
  runId: string | null;
}

/** Names an actor for rows and events. Throws for a part of the system, which acts in the name of a person or an agent. */
export function actorColumns(actor: Actor): ActorColumns {
  if (actor.kind === 'system') throw new Error(`${actor.part} must act in the name of a person or an agent`);
  const { id, displayName } = actor;
  return actor.kind === 'agent'
    ? { kind: 'Agent', id, displayName, runId: actor.runId }
    : { kind: 'User', id, displayName, runId: null };
}
