import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { CallbackFault, Faults } from './faults.ts';
import type { Settings } from './options.ts';
import { shortSessionKey, type Usage } from './sessions.ts';
import type { Tally } from './tally.ts';

/** What the Team Board plugin sends when a run has ended. `runId` is not the one that POST /hooks/agent answered. */
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
  /** How long to wait before the first attempt. */
  waitMs: number;
  /** Resolves after the first attempt, whatever came of it. */
  tried: PromiseWithResolvers<void>;
}

export type Outbox = ReturnType<typeof createOutbox>;

/**
 * Sends callbacks until each was answered with a 2xx: signed as Standard Webhooks says, the webhook-id the same at
 * every attempt, the pause doubling from `callbackRetryFirstMs` to `callbackRetryMaxMs`.
 *
 * `pause` and `resume` play the gateway's restart: what was not delivered is sent again.
 */
export function createOutbox(settings: Settings, faults: Faults, tally: Tally) {
  const unsent = new Set<Message>();
  let life = new AbortController();
  let emptied = Promise.withResolvers<void>();
  emptied.resolve();

  async function deliver(message: Message, { signal }: AbortController): Promise<void> {
    if (message.waitMs > 0) await pause(message.waitMs, undefined, { signal });
    message.waitMs = 0;
    let retryMs = settings.callbackRetryFirstMs;
    while (message.copiesLeft > 0) {
      if (await attempt(settings, tally, message, signal)) {
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
    deliver(message, life).catch((error: Error) => {
      // An AbortError is the restart's doing; the message stays in `unsent`.
      if (error.name !== 'AbortError') settings.log.warn({ err: error }, 'simulator.callback-broken');
    });
  }

  return {
    /** Takes a run's end; resolves after the first attempt to deliver it, at once when nothing is to be sent. */
    send(body: CallbackBody): Promise<void> {
      if (settings.callbackUrl === null || !isReported(settings, body.sessionKey)) return Promise.resolve();
      const fault = faults.takeCallback();
      if (fault === 'never') return Promise.resolve();
      const message = messageOf(body, fault);
      if (unsent.size === 0) emptied = Promise.withResolvers<void>();
      unsent.add(message);
      start(message);
      return message.tried.promise;
    },
    pause(): void {
      life.abort();
    },
    resume(): void {
      life = new AbortController();
      for (const message of unsent) start(message);
    },
    pending: () => unsent.size,
    /** Resolves when nothing is left to send. */
    empty: () => emptied.promise,
  };
}

const messageOf = (body: CallbackBody, fault: CallbackFault): Message => ({
  webhookId: `msg_${randomUUID()}`,
  body: JSON.stringify(body),
  copiesLeft: fault === 'duplicate' ? 2 : 1,
  waitMs: typeof fault === 'object' ? fault.lateMs : 0,
  tried: Promise.withResolvers<void>(),
});

const isReported = (settings: Settings, sessionKey: string) =>
  settings.callbackSessionKeyPrefixes.some((prefix) => shortSessionKey(sessionKey).startsWith(prefix));

async function attempt(
  settings: Settings,
  tally: Tally,
  message: Message,
  signal: AbortSignal,
): Promise<boolean> {
  tally.callbackAttempts++;
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
    if (response.ok) tally.callbacksDelivered++;
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
    message.tried.resolve();
  }
}

/**
 * The three Standard Webhooks headers for a body, signed now or at `at`.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signedHeaders(secret: string, webhookId: string, body: string, at = new Date()) {
  return {
    'webhook-id': webhookId,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(webhookId, at, body),
  };
}
