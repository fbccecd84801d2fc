import { LockMode } from '@mikro-orm/core';
import { databaseTime } from '../../../platform/database.ts';
import type { Transaction } from '../../../platform/transaction.ts';
import { AgentRun } from '../entities/agent-run.ts';
import type { HandOver } from '../openclaw/hand-over.ts';
import { changeRun } from './change-run.ts';
import { settleRun } from './settle-run.ts';

/** How long a run may wait for an OpenClaw that does not take it, before it has FAILED. */
const UNAVAILABLE_SECONDS_MAX = 600;
const BACKOFF_FIRST_SECONDS = 1;
const BACKOFF_LAST_SECONDS = 60;
/** How soon the outcome of a hand-over that nobody knows is asked for. */
const UNKNOWN_RETRY_SECONDS = 5;

/**
 * Notes what came of handing a run over.
 *
 * A run that has moved on meanwhile, by a callback that was faster than this answer, stays as it is.
 */
export async function noteHandOver(tx: Transaction, runId: string, handOver: HandOver): Promise<void> {
  const run = await tx.em.findOneOrFail(AgentRun, { id: runId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (run.state === 'CANCELING' && handOver.kind !== 'admitted' && handOver.kind !== 'unknown') {
    await settleRun(tx, run, { kind: 'canceled' });
  }
  if (run.state !== 'DISPATCHING') return;
  const now = await databaseTime(tx.em);
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  switch (handOver.kind) {
    case 'admitted':
      run.startedAt = now;
      run.deadlineAt = after(run.timeoutSeconds);
      return changeRun(tx, run, 'RUNNING');
    case 'unknown':
      run.leaseUntil = after(UNKNOWN_RETRY_SECONDS);
      return;
    case 'not-admitted':
      return waitOrGiveUp(tx, run, handOver, now);
    case 'refused':
      await settleRun(tx, run, {
        kind: 'failed',
        code: handOver.code,
        message: handOver.message,
        usage: null,
      });
      return;
  }
}

async function waitOrGiveUp(
  tx: Transaction,
  run: AgentRun,
  handOver: Extract<HandOver, { kind: 'not-admitted' }>,
  now: Date,
): Promise<void> {
  run.handOverFailures += 1;
  const waitedSeconds = (now.getTime() - run.queuedAt.getTime()) / 1000;
  if (waitedSeconds > UNAVAILABLE_SECONDS_MAX) {
    const message = `OpenClaw did not take the run for ${Math.round(waitedSeconds)} seconds: ${handOver.message}`;
    await settleRun(tx, run, { kind: 'failed', code: 'OPENCLAW_UNAVAILABLE', message, usage: null });
    return;
  }
  const backoff = Math.min(BACKOFF_FIRST_SECONDS * 2 ** (run.handOverFailures - 1), BACKOFF_LAST_SECONDS);
  const jittered = backoff * (0.8 + Math.random() * 0.4);
  const waitSeconds = Math.max(jittered, handOver.retryAfterSeconds ?? 0);
  run.nextHandOverAt = new Date(now.getTime() + waitSeconds * 1000);
  await changeRun(tx, run, 'QUEUED');
}
