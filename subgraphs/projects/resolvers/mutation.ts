import { mutation } from '../../../platform/subgraph/operation.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { removeMember } from '../operations/member/remove-member.ts';
import { setMember } from '../operations/member/set-member.ts';
import { createProject } from '../operations/project/create-project.ts';
import { updateProject } from '../operations/project/update-project.ts';

export const Mutation: MutationResolvers = {
  projectCreate: mutation(createProject, (project) => ({ project })),
  projectUpdate: mutation(updateProject, (project) => ({ project })),
  memberSet: mutation(setMember, ({ project, member }) => ({ project, member })),
  memberRemove: mutation(removeMember, (project) => ({ project })),
};
