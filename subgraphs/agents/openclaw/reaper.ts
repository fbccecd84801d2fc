import { type Loop, startLoop } from '../../../platform/loop.ts';
import type { Room } from '../../../platform/room.ts';
import { type Transaction, transact } from '../../../platform/transaction.ts';
import type { Dispatch } from '../operations/dispatch.ts';
import { believeFailure, expireQuestion, expireQueued, expireRun } from '../operations/expire-run.ts';
import { noteAbort, takeRunToAbort } from '../operations/request-abort.ts';
import type { Targets } from './targets.ts';

/**
 * Ends what does not end by itself: runs past their deadline, waits and questions past theirs, errors that no success
 * has followed. And tells OpenClaw to stop what was ended or is to end: the slot is free whether OpenClaw hears it or not.
 */
export function startReaper(room: Room, targets: Targets, sweepSeconds: number): Loop {
  const inTransaction = <Result>(work: (tx: Transaction) => Promise<Result>) =>
    transact({ em: room.orm.em, doorbell: room.doorbell, actor: 'reaper' }, work);

  async function endAll(): Promise<void> {
    for (const end of [expireRun, expireQueued, expireQuestion, believeFailure]) {
      for (;;) {
        const run = await inTransaction(end);
        if (!run) break;
        room.log.warn({ runId: run.id, state: run.state, by: end.name }, 'run.ended-by-clock');
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
      room.log.info({ runId, outcome }, 'run.abort-sent');
      return true;
    } catch (err) {
      room.log.warn({ err, runId }, 'run.abort-not-sent');
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
    room.log,
  );
}
