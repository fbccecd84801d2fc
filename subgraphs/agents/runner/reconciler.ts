import type { Transaction } from '../../../platform/event-log/transaction.ts';
import { systemPart } from '../../../platform/identity/actor.ts';
import { type Loop, startLoop } from '../../../platform/process/loop.ts';
import type { Subgraph } from '../../../platform/subgraph/subgraph.ts';
import type { Ending } from '../entities/ending.ts';
import type { Targets } from '../openclaw/targets.ts';
import { endFoundAttempt } from '../operations/attempt/end-found-attempt.ts';
import { checkRunAgain } from '../operations/run/check-run-again.ts';
import { noteRunHeard } from '../operations/run/note-run-heard.ts';
import { type RunToCheck, takeRunToCheck } from '../operations/run/take-run-to-check.ts';
import { type Inquiry, inquire } from './inquiry.ts';

/** How many runs are asked about at a time: each inquiry may take some seconds. */
const CHECKS_AT_A_TIME = 4;

/**
 * Asks OpenClaw about runs that it has not reported for `afterSeconds`: the report may have been lost.
 * A doubtful finding counts only when the next check finds the same.
 */
export function startReconciler(
  subgraph: Subgraph,
  targets: Targets,
  afterSeconds: number,
  sweepSeconds: number,
): Loop {
  const { log } = subgraph;
  /** The doubtful findings of the last checks, by run. */
  const lastFound = new Map<string, string>();
  const inTransaction = <Result>(work: (tx: Transaction) => Promise<Result>) =>
    subgraph.transact(systemPart('agents.reconciler'), work);

  function endingOf({ runId, attempt }: RunToCheck, inquiry: Inquiry): Ending | null {
    if (inquiry.kind === 'ended') return inquiry.ending;
    if (inquiry.kind !== 'doubtful') return null;
    const mark = `${attempt} ${inquiry.mark}`;
    if (lastFound.get(runId) === mark) return inquiry.ending;
    lastFound.set(runId, mark);
    return null;
  }

  async function check(run: RunToCheck): Promise<void> {
    const { runId, attempt } = run;
    const inquiry = await inquire(targets.get(run.target), run);
    const ending = endingOf(run, inquiry);
    log.info({ runId, attempt, found: inquiry.kind, ends: ending !== null }, 'run.checked');
    if (inquiry.kind === 'running') await inTransaction((tx) => noteRunHeard(tx, runId));
    if (!ending && inquiry.kind === 'doubtful' && inquiry.isLost)
      await inTransaction((tx) => checkRunAgain(tx, runId, afterSeconds));
    if (!ending) return;
    lastFound.delete(runId);
    await inTransaction((tx) => endFoundAttempt(tx, run, ending));
  }

  const checkSafely = (run: RunToCheck) =>
    check(run).catch((err: unknown) => {
      log.warn({ err, runId: run.runId, attempt: run.attempt }, 'run.not-checked');
    });

  async function checkNext(): Promise<void> {
    for (;;) {
      const run = await inTransaction((tx) => takeRunToCheck(tx, afterSeconds));
      if (!run) return;
      await checkSafely(run);
    }
  }

  const checkAll = async () => {
    await Promise.all(Array.from({ length: CHECKS_AT_A_TIME }, checkNext));
  };
  return startLoop('reconciler', sweepSeconds, checkAll, log);
}
