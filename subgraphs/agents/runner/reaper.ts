import { type Transaction, transact } from '../../../platform/event-log/transaction.ts';
import { type Loop, startLoop } from '../../../platform/process/loop.ts';
import type { Subgraph } from '../../../platform/subgraph/subgraph.ts';
import type { Targets } from '../openclaw/targets.ts';
import type { Dispatch } from '../operations/attempt/steps/dispatch.ts';
import {
  believeFailure,
  endOverdueRun,
  endOverdueWait,
  endUnansweredQuestion,
} from '../operations/run/end-overdue-run.ts';
import { noteAbort, takeRunToAbort } from '../operations/run/request-abort.ts';

/**
 * Ends what does not end by itself: runs past their deadline, waits and questions past theirs, errors that no success
 * has followed. And tells OpenClaw to stop what was ended or is to end: the slot is free whether OpenClaw hears it or not.
 */
export function startReaper(subgraph: Subgraph, targets: Targets, sweepSeconds: number): Loop {
  const inTransaction = <Result>(work: (tx: Transaction) => Promise<Result>) =>
    transact({ em: subgraph.orm.em, doorbell: subgraph.doorbell, actor: 'reaper' }, work);

  async function endAll(): Promise<void> {
    for (const end of [endOverdueRun, endOverdueWait, endUnansweredQuestion, believeFailure]) {
      for (;;) {
        const run = await inTransaction(end);
        if (!run) break;
        subgraph.log.warn({ runId: run.id, state: run.state, by: end.name }, 'run.ended-by-clock');
      }
    }
  }

  async function abortAll(): Promise<void> {
    for (;;) {
      const dispatch = await inTransaction(takeRunToAbort);
      if (!dispatch) return;
      const wasHeard = await abort(dispatch);
      await inTransaction((tx) => noteAbort(tx, dispatch.runId, wasHeard));
    }
  }

  async function abort({ runId, target, ...session }: Dispatch): Promise<boolean> {
    try {
      const outcome = await targets.get(target).abort(session);
      subgraph.log.info({ runId, outcome }, 'run.abort-sent');
      return true;
    } catch (err) {
      subgraph.log.warn({ err, runId }, 'run.abort-not-sent');
      return false;
    }
  }

  return startLoop(
    'reaper',
    sweepSeconds,
    async () => {
      await endAll();
      await abortAll();
    },
    subgraph.log,
  );
}
