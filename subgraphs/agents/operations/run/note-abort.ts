import { lockExisting } from '../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { isFinal } from '../../entities/run-states.ts';

/** How many aborts are sent for a run that has ended here. */
const ABORTS_MAX = 10;

/**
 * Notes that an abort was sent, and whether OpenClaw answered. A run that has ended here gets no further abort after an
 * answer, or after 10 without one.
 */
export async function noteAbort(tx: Transaction, runId: string, wasAnswered: boolean): Promise<void> {
  const run = await lockExisting(tx, AgentRun, runId);
  if (isFinal(run.state) && (wasAnswered || run.abortsSent >= ABORTS_MAX)) run.abortAt = null;
}
