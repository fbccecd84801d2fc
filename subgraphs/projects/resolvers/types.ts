import { readPage } from '../../../platform/database/page.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { Member } from '../entities/member.ts';
import type { Resolvers } from '../generated/resolvers.ts';

export const Project: Resolvers['Project'] = {
  __resolveReference: async ({ id }, ctx) =>
    (await ctx.grants.load(projectStream(id))) ? ctx.loaders.project.load(id) : null,
  viewerRole: ({ id }, _args, ctx) => ctx.grants.load(projectStream(id)),
  members: ({ id }, args, ctx) =>
    readPage(ctx.em, Member, { scope: projectStream(id) }, { joinedAt: 'asc', userId: 'asc' }, args),
};

export const User: Resolvers['User'] = {
  __resolveReference: ({ id }, ctx) => ctx.loaders.user.load(id),
};

export const ProjectMember: Resolvers['ProjectMember'] = {
  user: ({ userId }, _args, ctx) => ctx.loaders.user.loadExisting(userId),
};

export const ProjectChanged: Resolvers['ProjectChanged'] = {
  project: ({ projectId }, _args, ctx) => ctx.loaders.project.load(projectId),
};

export const MemberChanged: Resolvers['MemberChanged'] = {
  user: ({ userId }, _args, ctx) => ctx.loaders.user.load(userId),
};
