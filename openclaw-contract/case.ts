import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../platform/testing/wait.ts';
import { history } from './client.ts';
import type { Callback } from './receiver.ts';
import type { Subject } from './subject.ts';

/** OpenClaw resumes an interrupted session some seconds after it is ready. */
const RUNNING_TIMEOUT_MS = 60_000;

/** One fact about OpenClaw on which Team Board relies. */
export interface Case {
  name: string;
  /** Sends requests to the subject with a session key that no other case uses, and returns what was observed. */
  observe(subject: Subject, sessionKey: string): Promise<unknown>;
  /** The value that `observe` must return on every subject; compared as JSON. */
  expected: unknown;
}

/** Returns the fields of a callback that are the same for every execution of a case. */
export function callbackSummary({ isSigned, body }: Callback) {
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

/** Returns all callbacks of a session. Waits for the first one, and then for an unexpected second one. */
export async function callbacksOf({ receiver, settleMs }: Subject, sessionKey: string) {
  await receiver.accepted(sessionKey);
  await pause(settleMs);
  return receiver.of(sessionKey).map(callbackSummary);
}

/**
 * Waits until the model was called `calls` times for a session and the session is stored. Before that, OpenClaw does not
 * resume the session after a crash, and an aborted run has no row in the history.
 */
export async function untilRunning(subject: Subject, sessionKey: string, calls = 1) {
  await until('the model was called', () => subject.modelCalls(sessionKey) >= calls, RUNNING_TIMEOUT_MS);
  await until('the session is stored', async () => {
    const { status, body } = await history(subject, `agent:main:${sessionKey}`);
    return status === 200 && body.items.length > 0;
  });
}

/** Returns the last row of a session's history, which Team Board reads as the end of the run. */
export async function lastRow(subject: Subject, sessionKey: string, agentId = 'main') {
  const { body } = await history(subject, `agent:${agentId}:${sessionKey}`);
  const { role, content, stopReason, errorMessage } = body.items.at(-1);
  // A user's row contains the message as OpenClaw wraps it, which is not part of the contract.
  return role === 'user' ? { role } : { role, content, stopReason, errorMessage };
}

/** The callback of a successful hook run, without its text. */
export const SUCCESS = {
  isSigned: true,
  trigger: 'cron',
  success: true,
  aborted: false,
  error: null,
  stopReason: 'stop',
};

/** The callback of a hook run that the model refused, without its error. */
export const FAILURE = {
  isSigned: true,
  trigger: 'cron',
  success: false,
  aborted: false,
  text: '',
  stopReason: 'error',
};
