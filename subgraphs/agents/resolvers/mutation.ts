import { mutation } from '../../../platform/subgraph/operation.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { archiveAgent } from '../operations/agent/archive-agent.ts';
import { createAgent } from '../operations/agent/create-agent.ts';
import { takeOverAgent } from '../operations/agent/take-over-agent.ts';
import { updateAgent } from '../operations/agent/update-agent.ts';
import { wakeAgent } from '../operations/agent/wake-agent.ts';
import { answerQuestion } from '../operations/question/answer-question.ts';
import { cancelRun } from '../operations/run/cancel-run.ts';
import { retryRun } from '../operations/run/retry-run.ts';
import { startRun } from '../operations/run/start-run.ts';

export const Mutation: MutationResolvers = {
  agentCreate: mutation(createAgent, (agent) => ({ agent })),
  agentUpdate: mutation(updateAgent, (agent) => ({ agent })),
  agentArchive: mutation(archiveAgent, (agent) => ({ agent })),
  agentTakeOver: mutation(takeOverAgent, (agent) => ({ agent })),
  agentWake: mutation(wakeAgent, () => ({ isAccepted: true })),
  agentRunStart: mutation(startRun, (run) => ({ run })),
  agentRunCancel: mutation(cancelRun, (run) => ({ run })),
  agentRunRetry: mutation(retryRun, (run) => ({ run })),
  agentRunAnswer: mutation(answerQuestion, (run) => ({ run })),
};
