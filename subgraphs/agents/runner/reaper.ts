import type { Transaction } from '../../../platform/event-log/transaction.ts';
import { systemPart } from '../../../platform/identity/actor.ts';
import { type Loop, startLoop } from '../../../platform/process/loop.ts';
import type { Subgraph } from '../../../platform/subgraph/subgraph.ts';
import type { HandOver } from '../openclaw/hand-over.ts';
import type { Targets } from '../openclaw/targets.ts';
import { confirmFailure } from '../operations/attempt/confirm-failure.ts';
import { expireQuestion } from '../operations/question/expire-question.ts';
import { endOverdueRun } from '../operations/run/end-overdue-run.ts';
import { expireQueuedRun } from '../operations/run/expire-queued-run.ts';
import { noteAbort } from '../operations/run/note-abort.ts';
import { stopForbiddenRun } from '../operations/run/stop-forbidden-run.ts';
import { takeRunToAbort } from '../operations/run/take-run-to-abort.ts';

/**
 * Ends what does not end by itself: by the database's clock runs past their deadline, runs that wait too long, questions
 * without an answer, and failures that no success has followed; and waiting runs that may not start any more. Then it sends the aborts that are due. A slot is free
 * when its run has ended here, whether OpenClaw answers the abort or not.
 */
export function startReaper(subgraph: Subgraph, targets: Targets, sweepSeconds: number): Loop {
  const { log } = subgraph;
  const inTransaction = <Result>(work: (tx: Transaction) => Promise<Result>) =>
    subgraph.transact(systemPart('agents.reaper'), work);

  async function endAll(): Promise<void> {
    for (const endNext of [
      endOverdueRun,
      expireQueuedRun,
      stopForbiddenRun,
      expireQuestion,
      confirmFailure,
    ]) {
      for (;;) {
        const run = await inTransaction(endNext);
        if (!run) break;
        const { id: runId, attempt, state } = run;
        log.warn({ runId, attempt, state, by: endNext.name }, 'run.ended-by-reaper');
      }
    }
  }

  async function abortAll(): Promise<void> {
    for (;;) {
      const handOver = await inTransaction(takeRunToAbort);
      if (!handOver) return;
      const wasAnswered = await abort(handOver);
      await inTransaction((tx) => noteAbort(tx, handOver.runId, wasAnswered));
    }
  }

  /** Returns whether OpenClaw answered. */
  async function abort({ runId, attempt, target, ...session }: HandOver): Promise<boolean> {
    try {
      const outcome = await targets.get(target).abort(session);
      log.info({ runId, attempt, outcome }, 'run.abort-sent');
      return true;
    } catch (err) {
      log.warn({ err, runId, attempt }, 'run.abort-not-sent');
      return false;
    }
  }

  const endAndAbortAll = async () => {
    await endAll();
    await abortAll();
  };
  return startLoop('reaper', sweepSeconds, endAndAbortAll, log);
}
