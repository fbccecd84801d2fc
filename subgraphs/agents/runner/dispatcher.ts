import type { Transaction } from '../../../platform/event-log/transaction.ts';
import { systemPart } from '../../../platform/identity/actor.ts';
import { type Loop, startLoop } from '../../../platform/process/loop.ts';
import type { Subgraph } from '../../../platform/subgraph/subgraph.ts';
import type { HandOver, HandOverOutcome } from '../openclaw/hand-over.ts';
import type { Targets } from '../openclaw/targets.ts';
import { noteHandOver } from '../operations/attempt/note-hand-over.ts';
import { type ClaimLimits, claimRun } from '../operations/run/claim-run.ts';
import { reclaimRun } from '../operations/run/reclaim-run.ts';

/**
 * Hands waiting runs to OpenClaw.
 *
 * Each hand-over has three steps: claim the run in a transaction, send it outside of any, note the outcome in another
 * transaction. When a process crashes in between, its lease ends; then another process sends the same bytes under the
 * same key. Any number of processes may dispatch at the same time.
 */
export function startDispatcher(
  subgraph: Subgraph,
  targets: Targets,
  limits: ClaimLimits,
  sweepSeconds: number,
): Loop {
  const { log } = subgraph;
  const handingOver = new Set<Promise<void>>();
  const inTransaction = <Result>(work: (tx: Transaction) => Promise<Result>) =>
    subgraph.transact(systemPart('agents.dispatcher'), work);

  const send = async ({ target, body, idempotencyKey }: HandOver): Promise<HandOverOutcome> =>
    targets.get(target).runAgent(body, idempotencyKey);

  /**
   * A restarted OpenClaw has forgotten the idempotency keys, but keeps its sessions and continues them by itself.
   * So nothing is sent again before we know that the session does not exist.
   */
  async function sendAgain(handOver: HandOver): Promise<HandOverOutcome> {
    try {
      const { kind } = await targets.get(handOver.target).readSession(handOver);
      if (kind !== 'unknown') return { kind: 'admitted' };
    } catch (error) {
      return { kind: 'unknown', message: (error as Error).message };
    }
    return send(handOver);
  }

  /** Works in the background, because OpenClaw may take 20 seconds to answer, and other runs must not wait for it. */
  const inBackground = (handOver: HandOver, how: (handOver: HandOver) => Promise<HandOverOutcome>) => {
    const { runId, attempt } = handOver;
    const sendAndNote = async () => {
      const outcome = await how(handOver);
      log.info({ runId, attempt, outcome }, 'run.handed-over');
      await inTransaction((tx) => noteHandOver(tx, handOver, outcome));
    };
    const work = sendAndNote()
      .catch((err: unknown) => log.error({ err, runId, attempt }, 'run.hand-over-not-noted'))
      .finally(() => {
        handingOver.delete(work);
        loop.wake();
      });
    handingOver.add(work);
  };

  async function dispatch(): Promise<void> {
    for (;;) {
      const claimed = await inTransaction((tx) => claimRun(tx, limits));
      if (claimed && claimed !== 'stopped') inBackground(claimed, send);
      const reclaimed = await inTransaction((tx) => reclaimRun(tx, limits));
      if (reclaimed) inBackground(reclaimed, sendAgain);
      if (!claimed && !reclaimed) return;
    }
  }

  const loop = startLoop('dispatcher', sweepSeconds, dispatch, log);
  return {
    wake: loop.wake,
    async close() {
      await loop.close();
      await Promise.all(handingOver);
    },
  };
}
