import { maySeeAgent } from '../access.ts';
import type { Resolvers } from '../generated/resolvers.ts';

export const AgentStatusChanged: Resolvers['AgentStatusChanged'] = {
  agent: async ({ agentId }, _args, ctx) => {
    const agent = await ctx.loaders.agent.load(agentId);
    return agent && (await maySeeAgent(ctx, agent)) ? agent : null;
  },
};
