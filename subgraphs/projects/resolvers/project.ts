import { encodeCursor } from '../../../platform/event-log/cursor.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { projectScope } from '../../../schema/scopes.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import { findProject } from '../queries/find-project.ts';

export const Project: Resolvers['Project'] = {
  __resolveReference: ({ id }, ctx) => findProject(ctx, id),
  cursor: ({ id, streamSeq }) => encodeCursor(projectStream(id), streamSeq ?? 0),
  viewerRole: ({ id }, _args, ctx) => ctx.grants.load(projectScope(id)),
  members: ({ id }, args, ctx) => ctx.loaders.membersOf(projectScope(id), args),
};
