import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { Counters } from './counters.ts';
import type { CallbackFault, Faults } from './faults.ts';
import type { Settings } from './options.ts';
import { shortSessionKey, type Usage } from './sessions.ts';

/** The body that the Team Board plugin sends when a run has ended. `runId` differs from the one of POST /hooks/agent. */
export interface CallbackBody {
  runId: string;
  sessionKey: string;
  sessionId: string;
  agentId: string;
  trigger: 'cron' | 'user';
  success: boolean;
  aborted: boolean;
  text: string;
  error: string | null;
  stopReason: string | null;
  usage: Usage | null;
  provider: string;
  model: string;
  attempts: number;
  startedAt: number;
  endedAt: number;
  durationMs: number;
}

interface Message {
  webhookId: string;
  body: string;
  copiesLeft: number;
  /** The delay before the first attempt. */
  waitMs: number;
  /** Resolves after the first attempt, successful or not. */
  firstAttemptDone: PromiseWithResolvers<void>;
}

export type Outbox = ReturnType<typeof createOutbox>;

/**
 * Sends each callback until it is answered with a 2xx. A callback is signed as Standard Webhooks defines and keeps its
 * webhook-id at every attempt. The delay between attempts doubles from `callbackRetryFirstMs` to `callbackRetryMaxMs`.
 *
 * `pause` and `resume` simulate a restart of the gateway: undelivered callbacks are sent again.
 */
export function createOutbox(settings: Settings, faults: Faults, counters: Counters) {
  const unsent = new Set<Message>();
  let stopController = new AbortController();
  let emptied = Promise.withResolvers<void>();
  emptied.resolve();

  async function deliver(message: Message, { signal }: AbortController): Promise<void> {
    if (message.waitMs > 0) await pause(message.waitMs, undefined, { signal });
    message.waitMs = 0;
    let retryMs = settings.callbackRetryFirstMs;
    while (message.copiesLeft > 0) {
      if (await attempt(settings, counters, message, signal)) {
        message.copiesLeft--;
        continue;
      }
      await pause(retryMs, undefined, { signal });
      retryMs = Math.min(retryMs * 2, settings.callbackRetryMaxMs);
    }
    unsent.delete(message);
    if (unsent.size === 0) emptied.resolve();
  }

  function start(message: Message): void {
    deliver(message, stopController).catch((error: Error) => {
      // A restart causes the AbortError; the message stays in `unsent`.
      if (error.name !== 'AbortError') settings.log.warn({ err: error }, 'simulator.callback-broken');
    });
  }

  return {
    /** Sends the callback of an ended run. Resolves after the first attempt, or at once when nothing is sent. */
    send(body: CallbackBody): Promise<void> {
      if (settings.callbackUrl === null || !isReported(settings, body.sessionKey)) return Promise.resolve();
      const fault = faults.takeCallback();
      if (fault === 'never') return Promise.resolve();
      const message = messageOf(body, fault);
      if (unsent.size === 0) emptied = Promise.withResolvers<void>();
      unsent.add(message);
      start(message);
      return message.firstAttemptDone.promise;
    },
    pause(): void {
      stopController.abort();
    },
    resume(): void {
      stopController = new AbortController();
      for (const message of unsent) start(message);
    },
    pending: () => unsent.size,
    /** Resolves when every callback was delivered. */
    empty: () => emptied.promise,
  };
}

const messageOf = (body: CallbackBody, fault: CallbackFault): Message => ({
  webhookId: `msg_${randomUUID()}`,
  body: JSON.stringify(body),
  copiesLeft: fault === 'duplicate' ? 2 : 1,
  waitMs: typeof fault === 'object' ? fault.lateMs : 0,
  firstAttemptDone: Promise.withResolvers<void>(),
});

const isReported = (settings: Settings, sessionKey: string) =>
  settings.callbackSessionKeyPrefixes.some((prefix) => shortSessionKey(sessionKey).startsWith(prefix));

async function attempt(
  settings: Settings,
  counters: Counters,
  message: Message,
  signal: AbortSignal,
): Promise<boolean> {
  counters.callbackAttempts++;
  try {
    const response = await fetch(settings.callbackUrl ?? '', {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'x-openclaw-simulator': 'true',
        ...signedHeaders(settings.callbackSecret, message.webhookId, message.body),
      },
      body: message.body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(settings.callbackTimeoutMs)]),
    });
    await response.body?.cancel();
    if (response.ok) counters.callbacksDelivered++;
    else
      settings.log.warn(
        { status: response.status, webhookId: message.webhookId },
        'simulator.callback-refused',
      );
    return response.ok;
  } catch (error) {
    signal.throwIfAborted();
    settings.log.warn({ err: error, webhookId: message.webhookId }, 'simulator.callback-failed');
    return false;
  } finally {
    message.firstAttemptDone.resolve();
  }
}

/**
 * Returns the three Standard Webhooks headers for a body, signed at `at` (default: now).
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signedHeaders(secret: string, webhookId: string, body: string, at = new Date()) {
  return {
    'webhook-id': webhookId,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(webhookId, at, body),
  };
}
