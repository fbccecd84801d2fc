import { lockOne } from '../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { CHECKED_STATES } from '../../entities/run-states.ts';

/** OpenClaw continues an interrupted session within a few seconds after its start. */
const SECOND_LOOK_SECONDS = 10;

/**
 * Makes the reconciler, which asks about a run every `everySeconds`, ask about this one again after a few seconds: what
 * it found counts only when it is found twice.
 */
export async function checkRunAgain(tx: Transaction, runId: string, everySeconds: number): Promise<void> {
  const run = await lockOne(tx, AgentRun, { id: runId, state: { $in: [...CHECKED_STATES] } });
  if (!run) return;
  const agoSeconds = Math.max(0, everySeconds - SECOND_LOOK_SECONDS);
  run.checkedAt = new Date((await tx.now()).getTime() - agoSeconds * 1000);
}
