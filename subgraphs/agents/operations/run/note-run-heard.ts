import { lockOne } from '../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { CHECKED_STATES } from '../../entities/run-states.ts';

/** Notes that OpenClaw has shown that it knows a run, unless the run has ended meanwhile. */
export async function noteRunHeard(tx: Transaction, runId: string): Promise<void> {
  const run = await lockOne(tx, AgentRun, { id: runId, state: { $in: [...CHECKED_STATES] } });
  if (run) run.heardAt = await tx.now();
}
