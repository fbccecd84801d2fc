import { LockMode } from '@mikro-orm/core';
import { databaseTime } from '../../../../platform/database/database.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { RunAttempt } from '../../entities/run-attempt.ts';
import type { HandOver } from '../../openclaw/hand-over.ts';
import { changeRunState } from '../run/steps/change-run-state.ts';
import { CANCELED, endRun } from '../run/steps/end-run.ts';
import { markUnreachable, pauseTarget } from '../target/note-target.ts';
import type { Dispatch } from './steps/dispatch.ts';

/** How long an OpenClaw that answers may decline an attempt before the run has FAILED. */
const DECLINED_SECONDS_MAX = 600;
const BACKOFF_FIRST_SECONDS = 1;
const BACKOFF_LAST_SECONDS = 60;
/** How soon the outcome of a hand-over that nobody knows is asked for. */
const UNKNOWN_RETRY_SECONDS = 5;
/** After 20 wrong tokens in a minute OpenClaw locks us out for another. */
const UNAUTHORIZED_PAUSE_SECONDS = 60;

/**
 * Notes what came of handing a run over.
 *
 * A run that has moved on meanwhile, by a callback that was faster than this answer, stays as it is.
 */
export async function noteHandOver(tx: Transaction, dispatch: Dispatch, handOver: HandOver): Promise<void> {
  const run = await tx.em.findOneOrFail(
    AgentRun,
    { id: dispatch.runId },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  await noteTarget(tx, dispatch.target, handOver);
  if (run.attempt !== dispatch.attempt) return;
  const isTaken = handOver.kind === 'admitted' || handOver.kind === 'unknown';
  if (run.state === 'CANCELING' && !isTaken) await endRun(tx, run, CANCELED);
  if (run.state === 'DISPATCHING') await follow(tx, run, handOver);
}

async function noteTarget(tx: Transaction, target: string, handOver: HandOver): Promise<void> {
  if (handOver.kind === 'unreachable') await markUnreachable(tx, target, handOver.message);
  if (handOver.kind === 'not-admitted' && handOver.retryAfterSeconds !== null)
    await pauseTarget(tx, target, handOver.retryAfterSeconds, handOver.message);
  if (handOver.kind === 'refused' && handOver.code === 'OPENCLAW_UNAUTHORIZED')
    await pauseTarget(tx, target, UNAUTHORIZED_PAUSE_SECONDS, handOver.message);
}

async function follow(tx: Transaction, run: AgentRun, handOver: HandOver): Promise<void> {
  const now = await databaseTime(tx.em);
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  switch (handOver.kind) {
    case 'admitted':
      run.startedAt ??= now;
      run.heardAt = now;
      run.isHandOverUnknown = false;
      run.deadlineAt = after(run.timeoutSeconds);
      return changeRunState(tx, run, 'RUNNING');
    case 'unknown':
      run.isHandOverUnknown = true;
      run.leaseUntil = after(UNKNOWN_RETRY_SECONDS);
      return;
    case 'unreachable':
      return changeRunState(tx, run, 'QUEUED');
    case 'not-admitted':
      return waitOrGiveUp(tx, run, handOver.message, now);
    case 'refused': {
      const { code, message } = handOver;
      await endRun(tx, run, { state: 'FAILED', code, message });
    }
  }
}

async function waitOrGiveUp(tx: Transaction, run: AgentRun, reason: string, now: Date): Promise<void> {
  run.handOverFailures += 1;
  run.isHandOverUnknown = false;
  const attempt = await tx.em.findOneOrFail(RunAttempt, { runId: run.id, number: run.attempt });
  const declinedSeconds = (now.getTime() - attempt.startedAt.getTime()) / 1000;
  if (declinedSeconds > DECLINED_SECONDS_MAX) {
    const message = `OpenClaw did not take the run for ${Math.round(declinedSeconds)} seconds: ${reason}`;
    await endRun(tx, run, { state: 'FAILED', code: 'OPENCLAW_UNAVAILABLE', message });
    return;
  }
  const backoff = Math.min(BACKOFF_FIRST_SECONDS * 2 ** (run.handOverFailures - 1), BACKOFF_LAST_SECONDS);
  const jitteredMs = backoff * (0.8 + Math.random() * 0.4) * 1000;
  run.nextHandOverAt = new Date(now.getTime() + jitteredMs);
  await changeRunState(tx, run, 'QUEUED');
}
