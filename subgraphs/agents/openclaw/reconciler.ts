import { type Loop, startLoop } from '../../../platform/loop.ts';
import type { Room } from '../../../platform/room.ts';
import { type Transaction, transact } from '../../../platform/transaction.ts';
import { Agent } from '../entities/agent.ts';
import type { AgentRun } from '../entities/agent-run.ts';
import { settleFound, takeRunToCheck } from '../operations/check-run.ts';
import type { OpenClaw } from './client.ts';

/**
 * Asks OpenClaw about runs of which nothing is heard: a report may have been lost on its way.
 *
 * It only looks and never sends the run again: after a restart OpenClaw no longer knows the key by which it would
 * recognise the repeat, and the agent would work twice. An error counts as the end only when it is still the last word
 * at the next look, because OpenClaw tries again by itself for up to a minute and a half.
 */
export function startReconciler(
  room: Room,
  openClaw: OpenClaw,
  afterSeconds: number,
  sweepSeconds: number,
): Loop {
  /** The error that a run's history ended with when it was looked at last. */
  const lastStop = new Map<string, string>();
  const inTransaction = <Result>(work: (tx: Transaction) => Promise<Result>) =>
    transact({ em: room.orm.em, doorbell: room.doorbell, actor: 'reconciler' }, work);

  async function check(run: AgentRun): Promise<void> {
    const agent = await room.orm.em.fork().findOneOrFail(Agent, { id: run.agentId });
    const finding = await openClaw.readSession(agent.slug, run.sessionKey ?? '');
    room.log.info({ runId: run.id, found: finding.kind }, 'run.checked');
    const isSameStop = finding.kind === 'stopped' && lastStop.get(run.id) === finding.row;
    if (finding.kind === 'stopped' && !isSameStop) {
      lastStop.set(run.id, finding.row);
      return;
    }
    lastStop.delete(run.id);
    if (finding.kind === 'answered' || finding.kind === 'stopped') {
      await inTransaction((tx) => settleFound(tx, run.id, finding.verdict));
    }
  }

  return startLoop(
    'reconciler',
    sweepSeconds,
    async () => {
      for (;;) {
        const run = await inTransaction((tx) => takeRunToCheck(tx, afterSeconds));
        if (!run) return;
        await check(run).catch((err: unknown) => room.log.warn({ err, runId: run.id }, 'run.not-checked'));
      }
    },
    room.log,
  );
}
