import { type Loop, startLoop } from '../../../platform/loop.ts';
import type { Room } from '../../../platform/room.ts';
import { type Transaction, transact } from '../../../platform/transaction.ts';
import type { Ending } from '../entities/ending.ts';
import { endFound, noteHeard, takeRunToCheck } from '../operations/check-run.ts';
import type { Dispatch } from '../operations/dispatch.ts';
import type { Finding } from './history.ts';
import type { Targets } from './targets.ts';

/** OpenClaw was asked twice for a session that it had taken, and did not have it. */
const LOST: Ending = {
  kind: 'failed',
  code: 'OPENCLAW_LOST',
  message: 'OpenClaw has no session of this run any more',
  usage: null,
  isTransient: true,
  isDoubtful: false,
};

/**
 * Asks OpenClaw about runs of which nothing is heard: a report may have been lost on its way.
 *
 * It only looks and never sends the run again: after a restart OpenClaw no longer knows the key by which it would
 * recognise the repeat, and the agent would work twice. An error, and a session that is not there, count only when
 * they are found again at the next look: OpenClaw tries again by itself for up to a minute and a half.
 */
export function startReconciler(
  room: Room,
  targets: Targets,
  afterSeconds: number,
  sweepSeconds: number,
): Loop {
  /** What was found at the last look, of what must be found twice. */
  const lastFound = new Map<string, string>();
  const inTransaction = <Result>(work: (tx: Transaction) => Promise<Result>) =>
    transact({ em: room.orm.em, doorbell: room.doorbell, actor: 'reconciler' }, work);

  const isFoundAgain = ({ runId, attempt }: Dispatch, found: string): boolean => {
    const mark = `${attempt} ${found}`;
    if (lastFound.get(runId) === mark) return true;
    lastFound.set(runId, mark);
    return false;
  };

  function endOf(dispatch: Dispatch, finding: Finding): Ending | null {
    switch (finding.kind) {
      case 'answered':
        return finding.ending;
      case 'stopped':
        return isFoundAgain(dispatch, finding.row) ? finding.ending : null;
      case 'unknown':
        return isFoundAgain(dispatch, 'unknown') ? LOST : null;
      case 'unfinished':
        return null;
    }
  }

  async function check(dispatch: Dispatch): Promise<void> {
    const finding = await targets.get(dispatch.target).readSession(dispatch);
    const ending = endOf(dispatch, finding);
    room.log.info({ runId: dispatch.runId, found: finding.kind, ends: ending !== null }, 'run.checked');
    if (finding.kind === 'unfinished') await inTransaction((tx) => noteHeard(tx, dispatch));
    if (!ending) return;
    lastFound.delete(dispatch.runId);
    await inTransaction((tx) => endFound(tx, dispatch, ending));
  }

  return startLoop(
    'reconciler',
    sweepSeconds,
    async () => {
      for (;;) {
        const dispatch = await inTransaction((tx) => takeRunToCheck(tx, afterSeconds));
        if (!dispatch) return;
        await check(dispatch).catch((err: unknown) =>
          room.log.warn({ err, runId: dispatch.runId }, 'run.not-checked'),
        );
      }
    },
    room.log,
  );
}
