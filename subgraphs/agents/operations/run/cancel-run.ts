import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { databaseTime } from '../../../../platform/database/database.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireRun } from '../../access.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { holdsSlot, isFinal } from '../../entities/run-states.ts';
import { requestAbort } from './request-abort.ts';
import { changeRunState } from './steps/change-run-state.ts';
import { CANCELED, endRun } from './steps/end-run.ts';
import { noteActivity } from './steps/note-activity.ts';

const Input = z.object({ id: z.string(), mode: z.enum(['GRACEFUL', 'FORCE']) });

/**
 * Asks a run to stop. One that waits is CANCELED at once; one in OpenClaw is CANCELING and keeps its slot until
 * OpenClaw says that it stopped, or its deadline passes; with FORCE it is CANCELED at once too. A repeat changes
 * nothing. Throws INVALID_TRANSITION when it has ended.
 */
export async function cancelRun(ctx: RequestContext, rawInput: unknown): Promise<AgentRun> {
  const { id, mode } = parseInput(Input, rawInput);
  await requireRun(ctx, id, 'MEMBER', ['input', 'id']);
  return ctx.transact(async (tx) => {
    const run = await tx.em.findOneOrFail(AgentRun, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (isFinal(run.state)) {
      throw new DomainError('INVALID_TRANSITION', `The run has ended: it is ${run.state}`, {
        field: ['input', 'id'],
      });
    }
    run.cancelRequestedAt ??= await databaseTime(tx.em);
    if (mode === 'FORCE' || !holdsSlot(run.state)) await stopAtOnce(tx, run);
    else if (run.state !== 'CANCELING') await stopInTime(tx, run, ctx.viewer.displayName);
    return run;
  });
}

async function stopAtOnce(tx: Transaction, run: AgentRun): Promise<void> {
  const isAtWork = holdsSlot(run.state);
  await endRun(tx, run, CANCELED);
  if (isAtWork) await requestAbort(tx, run);
}

async function stopInTime(tx: Transaction, run: AgentRun, by: string): Promise<void> {
  await noteActivity(tx, run, 'CANCEL', `${by} asked it to stop`);
  await requestAbort(tx, run);
  await changeRunState(tx, run, 'CANCELING');
}
