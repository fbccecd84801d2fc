import type { Ending } from '../entities/ending.ts';
import type { OpenClawClient } from '../openclaw/client.ts';
import type { Finding } from '../openclaw/history.ts';
import type { RunToCheck } from '../operations/run/take-run-to-check.ts';

/** What OpenClaw says about a run when it is asked. */
export type Inquiry =
  | { kind: 'running' }
  | { kind: 'ended'; ending: Ending }
  /**
   * The run may have ended: it has if the next inquiry finds the same. `mark` tells findings apart; `isLost` means that
   * OpenClaw does not have the session.
   */
  | { kind: 'doubtful'; mark: string; isLost: boolean; ending: Ending }
  | { kind: 'unclear' };

/** OpenClaw recognizes a repeat until five minutes after the run's end; one minute is kept as a margin. */
const REPEAT_KNOWN_MS = 240_000;

/** OpenClaw had admitted the run and does not have its session. */
const LOST: Ending = {
  kind: 'failed',
  code: 'OPENCLAW_LOST',
  message: 'OpenClaw has no session of this run any more',
  usage: null,
  isTransient: true,
  isDoubtful: false,
};

const FAILED: Ending = {
  kind: 'failed',
  code: 'AGENT_ERROR',
  message: 'The agent failed, and OpenClaw does not say why',
  usage: null,
  isTransient: false,
  isDoubtful: false,
};

/**
 * Asks OpenClaw about a run.
 *
 * The session's history comes first, because it holds the answer. If it shows none, the same bytes under the same key
 * with `waitForCompletion` tell for certain whether the run has ended. That is asked only while OpenClaw is sure to
 * recognize the repeat, because otherwise the agent would work a second time. Throws when OpenClaw cannot be asked.
 */
export async function inquire(client: OpenClawClient, run: RunToCheck): Promise<Inquiry> {
  const finding = await client.readSession(run);
  if (finding.kind === 'answered') return { kind: 'ended', ending: finding.ending };
  if (!(await isRepeatKnown(client, run))) return guess(finding);
  switch (await client.readCompletion(run.body, run.idempotencyKey)) {
    case 'running':
      return { kind: 'running' };
    case 'error':
      return { kind: 'ended', ending: finding.kind === 'stopped' ? finding.ending : FAILED };
    case 'ok':
      return { kind: 'ended', ending: await readEnding(client, run) };
  }
}

/** Reads the answer of a run that has succeeded. OpenClaw keeps no row of an agent that said nothing. */
async function readEnding(client: OpenClawClient, run: RunToCheck): Promise<Ending> {
  const finding = await client.readSession(run);
  return finding.kind === 'answered'
    ? finding.ending
    : { kind: 'answered', answer: '', isTruncated: false, possibleQuestion: null, usage: null };
}

/** Whether OpenClaw was not restarted since the hand-over, and showed a short while ago that it knows the run. */
async function isRepeatKnown(
  client: OpenClawClient,
  { unheardMs, attemptAgeMs }: RunToCheck,
): Promise<boolean> {
  // A run that OpenClaw may never have admitted would be started by the question.
  if (unheardMs === null || unheardMs > REPEAT_KNOWN_MS) return false;
  const uptimeMs = await client.checkReady();
  return uptimeMs !== null && uptimeMs > attemptAgeMs;
}

/** What a history alone tells: after an error OpenClaw tries again by itself for up to a minute and a half. */
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
