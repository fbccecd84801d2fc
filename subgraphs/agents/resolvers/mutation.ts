import { payload } from '../../../platform/user-errors.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { cancelRun } from '../operations/cancel-run.ts';
import { createAgent } from '../operations/create-agent.ts';
import { startRun } from '../operations/start-run.ts';
import { updateAgent } from '../operations/update-agent.ts';

export const Mutation: MutationResolvers = {
  agentCreate: (_root, { input }, ctx) => payload(async () => ({ agent: await createAgent(ctx, input) })),
  agentUpdate: (_root, { input }, ctx) => payload(async () => ({ agent: await updateAgent(ctx, input) })),
  agentRunStart: (_root, { input }, ctx) =>
    payload(async () => ({ run: await startRun(ctx, input, ctx.settings) })),
  agentRunCancel: (_root, { input }, ctx) => payload(async () => ({ run: await cancelRun(ctx, input) })),
};
