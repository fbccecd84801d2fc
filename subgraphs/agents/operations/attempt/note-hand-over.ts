import { lockExisting } from '../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { backoffMs } from '../../../../platform/process/backoff.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { RunAttempt } from '../../entities/run-attempt.ts';
import type { HandOver, HandOverOutcome } from '../../openclaw/hand-over.ts';
import { hideInOutcome } from '../../openclaw/private-text.ts';
import { changeRunState } from '../run/steps/change-run-state.ts';
import { CANCELED, endRun } from '../run/steps/end-run.ts';
import { pauseTarget } from '../target/steps/pause-target.ts';
import { setTargetReachable } from '../target/steps/set-target-reachable.ts';

/** How long an OpenClaw that answers may decline an attempt before the run has FAILED. */
const DECLINED_SECONDS_MAX = 600;
/** How long a run waits before its next hand-over when OpenClaw has declined it. */
const DECLINED = { firstMs: 1_000, lastMs: 60_000, jitter: 0.2 };
/** How soon a hand-over whose outcome is unknown is taken over. */
const UNKNOWN_RETRY_SECONDS = 5;
/** After 20 wrong tokens within a minute OpenClaw locks us out for another minute. */
const UNAUTHORIZED_PAUSE_SECONDS = 60;

/**
 * Notes the outcome of a hand-over.
 *
 * The run stays as it is when it has changed meanwhile, by a callback that was faster than OpenClaw's answer.
 */
export async function noteHandOver(
  tx: Transaction,
  { runId, attempt, target }: Pick<HandOver, 'runId' | 'attempt' | 'target'>,
  answer: HandOverOutcome,
): Promise<void> {
  const run = await lockExisting(tx, AgentRun, runId);
  const handedOver = await tx.em.findOneOrFail(RunAttempt, { runId, number: attempt });
  const outcome = hideInOutcome(answer, handedOver.systemPrompt ?? null);
  await noteTarget(tx, target, outcome);
  if (run.attempt !== attempt) return;
  const mayBeInOpenClaw = outcome.kind === 'admitted' || outcome.kind === 'unknown';
  if (run.state === 'CANCELING' && !mayBeInOpenClaw) await endRun(tx, run, CANCELED);
  if (run.state === 'DISPATCHING') await continueRun(tx, run, outcome);
}

async function noteTarget(tx: Transaction, target: string, outcome: HandOverOutcome): Promise<void> {
  if (outcome.kind === 'unreachable') await setTargetReachable(tx, target, { problem: outcome.message });
  if (outcome.kind === 'not-admitted' && outcome.retryAfterSeconds !== null)
    await pauseTarget(tx, target, outcome.retryAfterSeconds, outcome.message);
  if (outcome.kind === 'refused' && outcome.code === 'OPENCLAW_UNAUTHORIZED')
    await pauseTarget(tx, target, UNAUTHORIZED_PAUSE_SECONDS, outcome.message);
}

async function continueRun(tx: Transaction, run: AgentRun, outcome: HandOverOutcome): Promise<void> {
  const now = await tx.now();
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  switch (outcome.kind) {
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
      return waitOrGiveUp(tx, run, outcome.message);
    case 'refused': {
      const { code, message } = outcome;
      await endRun(tx, run, { state: 'FAILED', code, message });
    }
  }
}

async function waitOrGiveUp(tx: Transaction, run: AgentRun, reason: string): Promise<void> {
  run.handOverFailures += 1;
  run.isHandOverUnknown = false;
  const now = (await tx.now()).getTime();
  const attempt = await tx.em.findOneOrFail(RunAttempt, { runId: run.id, number: run.attempt });
  const declinedSeconds = (now - attempt.startedAt.getTime()) / 1000;
  if (declinedSeconds > DECLINED_SECONDS_MAX) {
    const message = `OpenClaw did not take the run for ${Math.round(declinedSeconds)} seconds: ${reason}`;
    await endRun(tx, run, { state: 'FAILED', code: 'OPENCLAW_UNAVAILABLE', message });
    return;
  }
  run.nextHandOverAt = new Date(now + backoffMs(run.handOverFailures, DECLINED));
  await changeRunState(tx, run, 'QUEUED');
}
