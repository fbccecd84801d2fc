import type { Resolvers } from '../generated/resolvers.ts';
import { actorReference, runReference } from './references.ts';

export const TaskChange: Resolvers['TaskChange'] = {
  actor: ({ actorKind, actorId }) => actorReference(actorKind, actorId),
  run: ({ runId }) => runReference(runId),
};
