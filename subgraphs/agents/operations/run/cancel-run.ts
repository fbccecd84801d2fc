import { z } from 'zod';
import { lockExisting } from '../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireRun } from '../../access.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { holdsSlot, isFinal } from '../../entities/run-states.ts';
import { changeRunState } from './steps/change-run-state.ts';
import { CANCELED, endRun } from './steps/end-run.ts';
import { noteActivity } from './steps/note-activity.ts';
import { scheduleAbort } from './steps/schedule-abort.ts';

const Input = z.strictObject({ id: z.string(), mode: z.enum(['GRACEFUL', 'FORCE']).default('GRACEFUL') });

const FIELD = ['input', 'id'];

/**
 * Stops a run. A run that waits is CANCELED at once. A run in OpenClaw is CANCELING and keeps its slot until OpenClaw
 * has stopped or the deadline passes; with FORCE it is CANCELED at once too. A repeat changes nothing.
 * Throws INVALID_TRANSITION when the run has ended.
 */
export const cancelRun = defineOperation(
  'agentRunCancel',
  Input,
  async (ctx: RequestContext, { id, mode }) => {
    await requireRun(ctx, id, 'MEMBER', FIELD);
    return ctx.transact(async (tx) => {
      const run = await lockExisting(tx, AgentRun, id);
      if (tx.isRepeat) return run;
      if (isFinal(run.state)) {
        const message = `The run has ended: it is ${run.state}`;
        throw new DomainError('INVALID_TRANSITION', message, { field: FIELD });
      }
      run.cancelRequestedAt ??= await tx.now();
      if (mode === 'FORCE' || !holdsSlot(run.state)) await stopAtOnce(tx, run);
      else if (run.state !== 'CANCELING') await stopGracefully(tx, run, ctx.actor.displayName);
      return run;
    });
  },
);

async function stopAtOnce(tx: Transaction, run: AgentRun): Promise<void> {
  const isInOpenClaw = holdsSlot(run.state);
  await endRun(tx, run, CANCELED);
  if (isInOpenClaw) await scheduleAbort(tx, run);
}

async function stopGracefully(tx: Transaction, run: AgentRun, actorName: string): Promise<void> {
  await noteActivity(tx, run, 'CANCEL', `${actorName} asked it to stop`);
  await scheduleAbort(tx, run);
  await changeRunState(tx, run, 'CANCELING');
}
