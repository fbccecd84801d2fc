import { readPage } from '../../../platform/database/page.ts';
import { isUuid } from '../../../platform/input/input.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { Project } from '../entities/project.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';
import { rememberUser } from '../operations/user/remember-user.ts';

export const Query: QueryResolvers = {
  viewer: async (_root, _args, ctx) => {
    await rememberUser(ctx.em, ctx.viewer);
    return ctx.viewer;
  },
  project: async (_root, { id }, ctx) =>
    isUuid(id) && (await ctx.grants.load(projectStream(id))) ? ctx.loaders.project.load(id) : null,
  projects: async (_root, args, ctx) => {
    const ids = await ctx.grants.idsOf(projectStream(''));
    return readPage(ctx.em, Project, { id: { $in: ids } }, { createdAt: 'desc', id: 'desc' }, args);
  },
};
