import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { AgentRun } from '../../../entities/agent-run.ts';

/**
 * Schedules an abort of a run in OpenClaw that survives a crash. Does nothing for a run that was never handed over.
 * The caller holds the run's lock.
 */
export async function scheduleAbort(tx: Transaction, run: AgentRun): Promise<void> {
  if (run.attempt === 0) return;
  run.abortAt = await tx.now();
  run.abortsSent = 0;
}
