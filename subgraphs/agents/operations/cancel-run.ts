import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { DomainError } from '../../../platform/errors.ts';
import { parseInput } from '../../../platform/input.ts';
import type { RequestContext } from '../../../platform/room.ts';
import { requireRun } from '../access.ts';
import { AgentRun } from '../entities/agent-run.ts';
import { isFinal } from '../entities/run-states.ts';
import { changeRun } from './change-run.ts';
import { settleRun } from './settle-run.ts';

const Input = z.object({ id: z.string() });

/**
 * Asks a run to stop. A queued run is CANCELED at once; one in OpenClaw is CANCELING and keeps its slot until
 * OpenClaw says that it stopped, or its deadline passes. A repeat changes nothing.
 * Throws INVALID_TRANSITION when it has ended.
 */
export async function cancelRun(ctx: RequestContext, rawInput: unknown): Promise<AgentRun> {
  const { id } = parseInput(Input, rawInput);
  await requireRun(ctx, id, 'MEMBER', ['input', 'id']);
  return ctx.transact(async (tx) => {
    const run = await tx.em.findOneOrFail(AgentRun, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (isFinal(run.state)) {
      throw new DomainError('INVALID_TRANSITION', `The run has ended: it is ${run.state}`, {
        field: ['input', 'id'],
      });
    }
    if (run.state === 'QUEUED') await settleRun(tx, run, { kind: 'canceled' });
    else if (run.state !== 'CANCELING') await changeRun(tx, run, 'CANCELING');
    return run;
  });
}
