import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../platform/testing/wait.ts';
import { history } from './client.ts';
import type { Callback } from './receiver.ts';
import type { Subject } from './subject.ts';

/** OpenClaw resumes a session some seconds after it is ready. */
const UNDERWAY_TIMEOUT_MS = 60_000;

/** One fact about OpenClaw on which Team Board relies. */
export interface Case {
  name: string;
  /** Asks the subject, under a session key that no other case has, and tells what was seen. */
  see(subject: Subject, sessionKey: string): Promise<unknown>;
  /** What must be seen, the same on every subject; compared as JSON. */
  expected: unknown;
}

/** What a callback told, without what differs from run to run. */
export function told({ isSigned, body }: Callback) {
  const { success, aborted, text, error, stopReason, trigger } = body;
  return {
    isSigned,
    trigger,
    success,
    aborted,
    text,
    // Each subject's model has its own name.
    error: error?.replace(`${body.provider}/${body.model}`, '<model>') ?? null,
    stopReason,
  };
}

/** All callbacks of a session: waits for the first one, then as long as a false second one would take. */
export async function allTold({ receiver, settleMs }: Subject, sessionKey: string) {
  await receiver.accepted(sessionKey);
  await pause(settleMs);
  return receiver.of(sessionKey).map(told);
}

/**
 * Waits until the model was asked so often for a session, and the session is stored: before that, a crash resumes
 * nothing and an aborted run leaves no row.
 */
export async function underway(subject: Subject, sessionKey: string, calls = 1) {
  await until('the model is at work', () => subject.modelCalls(sessionKey) >= calls, UNDERWAY_TIMEOUT_MS);
  await until('the session is stored', async () => {
    const { status, body } = await history(subject, `agent:main:${sessionKey}`);
    return status === 200 && body.items.length > 0;
  });
}

/** The last row of a session's history: what a reader of it takes for the end of the run. */
export async function lastRow(subject: Subject, sessionKey: string, agentId = 'main') {
  const { body } = await history(subject, `agent:${agentId}:${sessionKey}`);
  const { role, content, stopReason, errorMessage } = body.items.at(-1);
  // A user's row is OpenClaw's wrapping of the message, of which nothing is promised.
  return role === 'user' ? { role } : { role, content, stopReason, errorMessage };
}

/** What is told of a run by hook that ended well, but for its text. */
export const SUCCESS = {
  isSigned: true,
  trigger: 'cron',
  success: true,
  aborted: false,
  error: null,
  stopReason: 'stop',
};

/** What is told of a run by hook that the model refused, but for its error. */
export const FAILURE = {
  isSigned: true,
  trigger: 'cron',
  success: false,
  aborted: false,
  text: '',
  stopReason: 'error',
};
