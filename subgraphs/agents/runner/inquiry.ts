import type { Ending } from '../entities/ending.ts';
import type { OpenClaw } from '../openclaw/client.ts';
import type { Finding } from '../openclaw/history.ts';
import type { RunToCheck } from '../operations/run/check-run.ts';

/** What OpenClaw says of a run when it is asked. */
export type Inquiry =
  /** It still works on it. */
  | { kind: 'running' }
  | { kind: 'ended'; ending: Ending }
  /** Perhaps its end: an end if it is found again at the next look. `mark` tells it from other findings, `isLost` that
   * the session is not there. */
  | { kind: 'doubtful'; mark: string; isLost: boolean; ending: Ending }
  | { kind: 'unclear' };

/** OpenClaw knows a repeat until five minutes after the run's end; a minute is left for what we do not see. */
const REPEAT_KNOWN_MS = 240_000;

/** OpenClaw had taken the run and does not have its session. */
const LOST: Ending = {
  kind: 'failed',
  code: 'OPENCLAW_LOST',
  message: 'OpenClaw has no session of this run any more',
  usage: null,
  isTransient: true,
  isDoubtful: false,
};

/**
 * Asks OpenClaw how a run stands.
 *
 * The session's history first, which holds the answer. When that shows no answer, the same bytes under the same key
 * with `waitForCompletion`, which say for certain whether it has ended: but only while OpenClaw is sure to know the
 * repeat, or the agent would work a second time. Throws when OpenClaw cannot be asked.
 */
export async function inquire(openClaw: OpenClaw, run: RunToCheck): Promise<Inquiry> {
  const finding = await openClaw.readSession(run);
  if (finding.kind === 'answered') return { kind: 'ended', ending: finding.ending };
  if (!(await isRepeatKnown(openClaw, run))) return guess(finding);
  switch (await openClaw.readCompletion(run.body, run.idempotencyKey)) {
    case 'running':
      return { kind: 'running' };
    case 'error':
      return { kind: 'ended', ending: finding.kind === 'stopped' ? finding.ending : FAILED };
    case 'ok':
      return { kind: 'ended', ending: await readEnding(openClaw, run) };
  }
}

/** It answered after we had looked, or it had nothing to say: OpenClaw keeps no row of that. */
async function readEnding(openClaw: OpenClaw, run: RunToCheck): Promise<Ending> {
  const finding = await openClaw.readSession(run);
  return finding.kind === 'answered'
    ? finding.ending
    : { kind: 'answered', answer: '', isTruncated: false, usage: null };
}

const FAILED: Ending = {
  kind: 'failed',
  code: 'AGENT_ERROR',
  message: 'The agent failed, and OpenClaw does not say why',
  usage: null,
  isTransient: false,
  isDoubtful: false,
};

/** It has not been restarted since the hand-over, and a short while ago the run had not ended. */
async function isRepeatKnown(openClaw: OpenClaw, { unheardMs, attemptAgeMs }: RunToCheck): Promise<boolean> {
  // What OpenClaw may never have taken would be started by asking.
  if (unheardMs === null || unheardMs > REPEAT_KNOWN_MS) return false;
  const uptimeMs = await openClaw.checkReady();
  return uptimeMs !== null && uptimeMs > attemptAgeMs;
}

/** What a history alone tells: after an error OpenClaw tries again by itself, for up to a minute and a half. */
function guess(finding: Exclude<Finding, { kind: 'answered' }>): Inquiry {
  switch (finding.kind) {
    case 'stopped':
      return { kind: 'doubtful', mark: finding.row, isLost: false, ending: finding.ending };
    case 'unknown':
      return { kind: 'doubtful', mark: 'unknown', isLost: true, ending: LOST };
    case 'unfinished':
      return { kind: 'unclear' };
  }
}
