import { type Transaction, transact } from '../../../platform/event-log/transaction.ts';
import { type Loop, startLoop } from '../../../platform/process/loop.ts';
import type { Subgraph } from '../../../platform/subgraph/subgraph.ts';
import type { Targets } from '../openclaw/targets.ts';
import { checkAfterRestart } from '../operations/run/check-run.ts';
import { markReachable, markUnreachable, rememberTargets } from '../operations/target/note-target.ts';

/**
 * Looks whether each OpenClaw is ready, so that runs wait here while one is down and start when it is back; and whether
 * it was restarted, so that the runs that it had are asked about at once.
 * `onBack` is called when one may have come back.
 */
export async function startMonitor(
  subgraph: Subgraph,
  targets: Targets,
  everySeconds: number,
  onBack: () => void,
): Promise<Loop> {
  const lastUptimeMs = new Map<string, number>();
  const inTransaction = (work: (tx: Transaction) => Promise<void>) =>
    transact({ em: subgraph.orm.em, doorbell: subgraph.doorbell, actor: 'monitor' }, work);

  async function look(name: string): Promise<void> {
    try {
      const uptimeMs = await targets.get(name).checkReady();
      await inTransaction((tx) => markReachable(tx, name));
      if (uptimeMs !== null && isRestarted(name, uptimeMs)) await lookAtItsRuns(name, uptimeMs);
      onBack();
    } catch (err) {
      subgraph.log.warn({ err, target: name }, 'openclaw.not-ready');
      await inTransaction((tx) => markUnreachable(tx, name, (err as Error).message));
    }
  }

  /** Also at the first look: it may have been restarted while we were down. */
  function isRestarted(name: string, uptimeMs: number): boolean {
    const before = lastUptimeMs.get(name) ?? Number.POSITIVE_INFINITY;
    lastUptimeMs.set(name, uptimeMs);
    return uptimeMs < before;
  }

  async function lookAtItsRuns(name: string, uptimeMs: number): Promise<void> {
    subgraph.log.info({ target: name, uptimeMs }, 'openclaw.restarted');
    await inTransaction(async (tx) => void (await checkAfterRestart(tx, name, uptimeMs)));
  }

  await inTransaction((tx) => rememberTargets(tx, targets.names));
  return startLoop(
    'monitor',
    everySeconds,
    async () => {
      await Promise.all(targets.names.map(look));
    },
    subgraph.log,
  );
}
