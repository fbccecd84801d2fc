import { type Transaction, transact } from '../../../platform/event-log/transaction.ts';
import { type Loop, startLoop } from '../../../platform/process/loop.ts';
import type { Subgraph } from '../../../platform/subgraph/subgraph.ts';
import type { Ending } from '../entities/ending.ts';
import type { Targets } from '../openclaw/targets.ts';
import {
  checkAgainSoon,
  endFound,
  noteHeard,
  type RunToCheck,
  takeRunToCheck,
} from '../operations/run/check-run.ts';
import { type Inquiry, inquire } from './inquiry.ts';

/** Runs asked about at a time: each question may take some seconds. */
const AT_A_TIME = 4;

/**
 * Asks OpenClaw about runs of which nothing is heard: a report may have been lost on its way.
 *
 * What OpenClaw is not sure of counts only when it is found again at the next look.
 */
export function startReconciler(
  subgraph: Subgraph,
  targets: Targets,
  afterSeconds: number,
  sweepSeconds: number,
): Loop {
  /** What was found at the last look, of what must be found twice. */
  const lastFound = new Map<string, string>();
  const inTransaction = <Result>(work: (tx: Transaction) => Promise<Result>) =>
    transact({ em: subgraph.orm.em, doorbell: subgraph.doorbell, actor: 'reconciler' }, work);

  function endOf({ runId, attempt }: RunToCheck, inquiry: Inquiry): Ending | null {
    if (inquiry.kind === 'ended') return inquiry.ending;
    if (inquiry.kind !== 'doubtful') return null;
    const mark = `${attempt} ${inquiry.mark}`;
    if (lastFound.get(runId) === mark) return inquiry.ending;
    lastFound.set(runId, mark);
    return null;
  }

  async function check(run: RunToCheck): Promise<void> {
    const inquiry = await inquire(targets.get(run.target), run);
    const ending = endOf(run, inquiry);
    subgraph.log.info({ runId: run.runId, found: inquiry.kind, ends: ending !== null }, 'run.checked');
    if (inquiry.kind === 'running') await inTransaction((tx) => noteHeard(tx, run));
    if (!ending && inquiry.kind === 'doubtful' && inquiry.isLost)
      await inTransaction((tx) => checkAgainSoon(tx, run, afterSeconds));
    if (!ending) return;
    lastFound.delete(run.runId);
    await inTransaction((tx) => endFound(tx, run, ending));
  }

  const checkSafely = (run: RunToCheck) =>
    check(run).catch((err: unknown) => subgraph.log.warn({ err, runId: run.runId }, 'run.not-checked'));

  async function checkNext(): Promise<void> {
    for (;;) {
      const run = await inTransaction((tx) => takeRunToCheck(tx, afterSeconds));
      if (!run) return;
      await checkSafely(run);
    }
  }

  return startLoop(
    'reconciler',
    sweepSeconds,
    async () => {
      await Promise.all(Array.from({ length: AT_A_TIME }, checkNext));
    },
    subgraph.log,
  );
}
