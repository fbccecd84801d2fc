import type { Transaction } from '../../../platform/event-log/transaction.ts';
import { systemPart } from '../../../platform/identity/actor.ts';
import { type Loop, startLoop } from '../../../platform/process/loop.ts';
import type { Subgraph } from '../../../platform/subgraph/subgraph.ts';
import type { Targets } from '../openclaw/targets.ts';
import { noteTargetDown } from '../operations/target/note-target-down.ts';
import { noteTargetReady } from '../operations/target/note-target-ready.ts';
import { rememberTargets } from '../operations/target/remember-targets.ts';

/**
 * Checks every `everySeconds` whether each target is ready: while one is down its runs wait here, and they start when
 * it is back. After a restart of a target the reconciler asks at once about the runs that it had.
 *
 * `onReady` is called whenever a target is ready.
 */
export async function startMonitor(
  subgraph: Subgraph,
  targets: Targets,
  everySeconds: number,
  onReady: () => void,
): Promise<Loop> {
  const { log } = subgraph;
  const lastUptimeMs = new Map<string, number>();
  const inTransaction = (work: (tx: Transaction) => Promise<void>) =>
    subgraph.transact(systemPart('agents.monitor'), work);

  async function check(name: string): Promise<void> {
    try {
      const uptimeMs = await targets.get(name).checkReady();
      const restartedMs = uptimeMs !== null && isRestarted(name, uptimeMs) ? uptimeMs : null;
      if (restartedMs !== null) log.info({ target: name, uptimeMs }, 'openclaw.restarted');
      await inTransaction((tx) => noteTargetReady(tx, name, restartedMs));
      onReady();
    } catch (err) {
      log.warn({ err, target: name }, 'openclaw.not-ready');
      await inTransaction((tx) => noteTargetDown(tx, name, (err as Error).message));
    }
  }

  /** True at the first check too: the target may have been restarted while this process was down. */
  function isRestarted(name: string, uptimeMs: number): boolean {
    const before = lastUptimeMs.get(name) ?? Number.POSITIVE_INFINITY;
    lastUptimeMs.set(name, uptimeMs);
    return uptimeMs < before;
  }

  const checkAll = async () => {
    await Promise.all(targets.names.map(check));
  };
  await inTransaction((tx) => rememberTargets(tx, targets.names));
  return startLoop('monitor', everySeconds, checkAll, log);
}
