import { z } from 'zod';
import { lockAll } from '../../../../platform/database/lock-order.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { endRun } from '../run/steps/end-run.ts';
import { changeAgent } from './steps/change-agent.ts';
import { lockManagedAgent } from './steps/lock-agent.ts';

const Input = z.strictObject({ id: z.string(), expectedVersion: z.int().nullish() });

/**
 * Takes an agent out of use for good. Its waiting runs are CANCELED; runs in OpenClaw go on to their end.
 * A repeat changes nothing. Throws what `lockManagedAgent` throws.
 */
export const archiveAgent = defineOperation('agentArchive', Input, (ctx: RequestContext, input) =>
  ctx.transact(async (tx) => {
    const agent = await lockManagedAgent(tx, input);
    if (tx.isRepeat || agent.archivedAt) return agent;
    await changeAgent(tx, agent, { archivedAt: await tx.now(), isEnabled: false });
    const waiting = await lockAll(tx, AgentRun, {
      agentId: agent.id,
      state: { $in: ['QUEUED', 'INPUT_REQUIRED'] },
    });
    const message = `${agent.name} was taken out of use`;
    for (const run of waiting)
      await endRun(tx, run, { state: 'CANCELED', code: 'CANCELED_BY_USER', message });
    return agent;
  }),
);
