import { maySeeAgent } from '../access.ts';
import { Agent } from '../entities/agent.ts';
import type { AgentsContext } from '../loaders.ts';

/** An OpenClaw as it answered just now, beside the agents that are meant to run in it. */
export interface OpenClawTargetView {
  name: string;
  isReachable: boolean;
  problem: string | null;
  offeredSlugs: string[];
  missing: Agent[];
}

/** Asks every OpenClaw for its agents. One that does not answer is shown with its problem; it fails no other. */
export const compareWithOpenClaw = (ctx: AgentsContext): Promise<OpenClawTargetView[]> =>
  Promise.all(ctx.settings.targets.names.map((name) => compare(ctx, name)));

async function compare(ctx: AgentsContext, name: string): Promise<OpenClawTargetView> {
  try {
    const offeredSlugs = await ctx.settings.targets.get(name).listAgents();
    const ours = await ctx.em.fork().find(Agent, {
      target: name,
      archivedAt: null,
      slug: { $nin: offeredSlugs },
    });
    const seen = await Promise.all(
      ours.map(async (agent) => ((await maySeeAgent(ctx, agent)) ? [agent] : [])),
    );
    return { name, isReachable: true, problem: null, offeredSlugs, missing: seen.flat() };
  } catch (error) {
    ctx.log.warn({ err: error, target: name }, 'openclaw.not-listed');
    return { name, isReachable: false, problem: (error as Error).message, offeredSlugs: [], missing: [] };
  }
}
