import { type Transaction, transact } from '../../../platform/event-log/transaction.ts';
import { type Loop, startLoop } from '../../../platform/process/loop.ts';
import type { Subgraph } from '../../../platform/subgraph/subgraph.ts';
import type { HandOver } from '../openclaw/hand-over.ts';
import type { Targets } from '../openclaw/targets.ts';
import { noteHandOver } from '../operations/attempt/note-hand-over.ts';
import type { Dispatch } from '../operations/attempt/steps/dispatch.ts';
import { type ClaimLimits, claimRun, reclaimRun } from '../operations/run/claim-run.ts';

/**
 * Hands waiting runs to OpenClaw.
 *
 * Three steps for each: claim in a transaction, send outside of any, note the outcome in a transaction. A process
 * that ends in between leaves a lease that runs out; then another one sends the same bytes under the same key.
 * Any number of processes may dispatch at once.
 */
export function startDispatcher(
  subgraph: Subgraph,
  targets: Targets,
  limits: ClaimLimits,
  sweepSeconds: number,
): Loop {
  const handingOver = new Set<Promise<void>>();
  const inTransaction = <Result>(work: (tx: Transaction) => Promise<Result>) =>
    transact({ em: subgraph.orm.em, doorbell: subgraph.doorbell, actor: 'dispatcher' }, work);

  const send = async ({ target, body, idempotencyKey }: Dispatch): Promise<HandOver> =>
    targets.get(target).runAgent(body, idempotencyKey);

  /**
   * OpenClaw forgets idempotency keys when it restarts, but keeps sessions, and goes on with them by itself.
   * So before anything is sent again we look whether the session is there.
   */
  async function sendAgain(dispatch: Dispatch): Promise<HandOver> {
    try {
      const { kind } = await targets.get(dispatch.target).readSession(dispatch);
      if (kind !== 'unknown') return { kind: 'admitted' };
    } catch (error) {
      return { kind: 'unknown', message: (error as Error).message };
    }
    return send(dispatch);
  }

  /** Goes on in the background: OpenClaw may take 20 seconds to answer, and other runs must not wait for it. */
  const inBackground = (dispatch: Dispatch, how: (dispatch: Dispatch) => Promise<HandOver>) => {
    const { runId, attempt } = dispatch;
    const handOver = async () => {
      const outcome = await how(dispatch);
      subgraph.log.info({ runId, attempt, outcome }, 'run.handed-over');
      await inTransaction((tx) => noteHandOver(tx, dispatch, outcome));
    };
    const work = handOver()
      .catch((err: unknown) => subgraph.log.error({ err, runId }, 'run.hand-over-not-noted'))
      .finally(() => {
        handingOver.delete(work);
        loop.wake();
      });
    handingOver.add(work);
  };

  async function dispatch(): Promise<void> {
    for (;;) {
      const waiting = await inTransaction((tx) => claimRun(tx, limits));
      if (waiting) inBackground(waiting, send);
      const abandoned = await inTransaction((tx) => reclaimRun(tx, limits));
      if (abandoned) inBackground(abandoned, sendAgain);
      if (!waiting && !abandoned) return;
    }
  }

  const loop = startLoop('dispatcher', sweepSeconds, dispatch, subgraph.log);
  return {
    wake: loop.wake,
    async close() {
      await loop.close();
      await Promise.all(handingOver);
    },
  };
}
