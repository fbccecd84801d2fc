import { type Loop, startLoop } from '../../../platform/loop.ts';
import type { Room } from '../../../platform/room.ts';
import { type Transaction, transact } from '../../../platform/transaction.ts';
import { markReachable, markUnreachable, rememberTargets } from '../operations/note-target.ts';
import type { Targets } from './targets.ts';

/**
 * Looks whether each OpenClaw is ready, so that runs wait here while one is down and start when it is back.
 * `onBack` is called when one may have come back.
 */
export async function startMonitor(
  room: Room,
  targets: Targets,
  everySeconds: number,
  onBack: () => void,
): Promise<Loop> {
  const inTransaction = (work: (tx: Transaction) => Promise<void>) =>
    transact({ em: room.orm.em, doorbell: room.doorbell, actor: 'monitor' }, work);

  async function look(name: string): Promise<void> {
    try {
      await targets.get(name).checkReady();
    } catch (err) {
      room.log.warn({ err, target: name }, 'openclaw.not-ready');
      return inTransaction((tx) => markUnreachable(tx, name, (err as Error).message));
    }
    await inTransaction((tx) => markReachable(tx, name));
    onBack();
  }

  await inTransaction((tx) => rememberTargets(tx, targets.names));
  return startLoop(
    'monitor',
    everySeconds,
    async () => {
      await Promise.all(targets.names.map(look));
    },
    room.log,
  );
}
