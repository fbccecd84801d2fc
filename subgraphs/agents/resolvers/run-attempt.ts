import { mayManage } from '../access.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import { hideBeginning } from '../openclaw/private-text.ts';
import { promptOf } from '../openclaw/request.ts';
import { sumUsage } from '../queries/run-usage.ts';

export const RunAttempt: Resolvers['RunAttempt'] = {
  prompt: async ({ runId, requestBody, systemPrompt }, _args, ctx) => {
    const { agentId } = await ctx.loaders.run.loadExisting(runId);
    const prompt = promptOf(requestBody);
    const agent = await ctx.loaders.agent.loadExisting(agentId);
    return mayManage(ctx, agent) ? prompt : hideBeginning(prompt, systemPrompt ?? null);
  },
  failure: ({ failureCode, failureMessage }) =>
    failureCode ? { code: failureCode, message: failureMessage ?? '' } : null,
  usage: (attempt) => sumUsage([attempt]),
};
