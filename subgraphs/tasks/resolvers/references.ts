import type { ActorKind } from '../../../platform/identity/actor-columns.ts';

/** A reference to a person or an agent. The gateway fetches the other fields from the subgraph that owns the type. */
export const actorReference = (__typename: ActorKind, id: string) => ({ __typename, id }) as never;

/** A reference to a run; null for none. */
export const runReference = (id: string | null | undefined) => (id ? { id } : null);
