import { payload } from '../../../platform/graphql/user-errors.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { archiveAgent } from '../operations/agent/archive-agent.ts';
import { createAgent } from '../operations/agent/create-agent.ts';
import { updateAgent } from '../operations/agent/update-agent.ts';
import { wakeAgent } from '../operations/agent/wake-agent.ts';
import { answerQuestion } from '../operations/question/answer-question.ts';
import { cancelRun } from '../operations/run/cancel-run.ts';
import { retryRun } from '../operations/run/retry-run.ts';
import { startRun } from '../operations/run/start-run.ts';

export const Mutation: MutationResolvers = {
  agentCreate: (_root, { input }, ctx) =>
    payload(async () => ({ agent: await createAgent(ctx, input, { targets: ctx.settings.targets.names }) })),
  agentUpdate: (_root, { input }, ctx) =>
    payload(async () => ({ agent: await updateAgent(ctx, input, { targets: ctx.settings.targets.names }) })),
  agentArchive: (_root, { input }, ctx) => payload(async () => ({ agent: await archiveAgent(ctx, input) })),
  agentRunStart: (_root, { input }, ctx) =>
    payload(async () => ({ run: await startRun(ctx, input, ctx.settings) })),
  agentRunCancel: (_root, { input }, ctx) => payload(async () => ({ run: await cancelRun(ctx, input) })),
  agentRunRetry: (_root, { input }, ctx) => payload(async () => ({ run: await retryRun(ctx, input) })),
  agentRunAnswer: (_root, { input }, ctx) => payload(async () => ({ run: await answerQuestion(ctx, input) })),
  agentWake: async (_root, { input }, ctx) => ({
    isAccepted: false,
    ...(await payload(async () => {
      await wakeAgent(ctx, input, ctx.settings.targets);
      return { isAccepted: true };
    })),
  }),
};
