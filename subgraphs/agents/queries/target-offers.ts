import { Agent } from '../entities/agent.ts';
import type { AgentsContext } from '../loaders.ts';

/** A target as it answered just now, compared with the agents that are meant to run in it. */
export interface TargetOffer {
  name: string;
  isReachable: boolean;
  problem: string | null;
  offeredSlugs: string[];
  /** The agents here that the target does not offer. */
  missing: Agent[];
}

/** Asks every target for its agents, for an admin of the workspace. A target that does not answer is returned with its problem, and fails no other. */
export const readTargetOffers = (ctx: AgentsContext): Promise<TargetOffer[]> =>
  Promise.all(ctx.settings.targets.names.map((name) => readTargetOffer(ctx, name)));

async function readTargetOffer(ctx: AgentsContext, name: string): Promise<TargetOffer> {
  try {
    const offeredSlugs = await ctx.settings.targets.get(name).listAgents();
    const missing = await ctx.em.find(Agent, {
      target: name,
      archivedAt: null,
      slug: { $nin: offeredSlugs },
    });
    return { name, isReachable: true, problem: null, offeredSlugs, missing };
  } catch (error) {
    ctx.log.warn({ err: error, target: name }, 'openclaw.not-listed');
    return { name, isReachable: false, problem: (error as Error).message, offeredSlugs: [], missing: [] };
  }
}
