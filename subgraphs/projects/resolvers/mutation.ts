import { payload } from '../../../platform/graphql/user-errors.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { removeMember } from '../operations/member/remove-member.ts';
import { setMember } from '../operations/member/set-member.ts';
import { createProject } from '../operations/project/create-project.ts';
import { updateProject } from '../operations/project/update-project.ts';

export const Mutation: MutationResolvers = {
  projectCreate: (_root, { input }, ctx) =>
    payload(async () => ({ project: await createProject(ctx, input) })),
  projectUpdate: (_root, { input }, ctx) =>
    payload(async () => ({ project: await updateProject(ctx, input) })),
  memberSet: (_root, { input }, ctx) =>
    payload(async () => ({
      member: await setMember(ctx, input),
      project: await ctx.loaders.project.load(input.projectId),
    })),
  memberRemove: (_root, { input }, ctx) =>
    payload(async () => {
      await removeMember(ctx, input);
      const isOneself = input.userId === ctx.viewer.id;
      return { project: isOneself ? null : await ctx.loaders.project.load(input.projectId) };
    }),
};
