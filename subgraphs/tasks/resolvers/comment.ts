import type { Resolvers } from '../generated/resolvers.ts';
import { actorReference, runReference } from './references.ts';

export const Comment: Resolvers['Comment'] = {
  author: ({ authorKind, authorId }) => actorReference(authorKind, authorId),
  run: ({ runId }) => runReference(runId),
};
