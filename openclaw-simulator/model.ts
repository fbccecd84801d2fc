import { setTimeout as pause } from 'node:timers/promises';
import type { ModelDefaults } from './faults.ts';
import type { Settings } from './options.ts';

/** The names of the simulated model. */
export const PROVIDER = 'openclaw-simulator';
export const MODEL = 'simulated-model';

/** The behaviour that a message asks for by its markers, completed with the defaults. */
interface Behaviour {
  delayMs: number;
  failStatus: number | null;
  isHanging: boolean;
  isCut: boolean;
  answer: string;
}

/** How one call of the model ended. `error` appears in events, `notice` in the history. */
export type ModelResult =
  | { kind: 'answer'; text: string; attempts: number }
  | { kind: 'timeout'; attempts: number }
  | { kind: 'failure'; status: number | null; error: string; notice: string; attempts: number };

interface ModelCall {
  message: string;
  /** The timeout of each attempt. It does not limit the retries, as measured. */
  timeoutMs: number;
  signal: AbortSignal;
  onAttempt(): void;
}

/**
 * Simulates the model: markers in the message choose delay, failure, hang, cut connection and answer.
 *
 * 429, 5xx and a cut connection are attempted `modelAttemptsMax` times; other failures end at once.
 * Rejects with an AbortError when `signal` is aborted.
 */
export async function askModel(
  settings: Settings,
  defaults: ModelDefaults,
  call: ModelCall,
): Promise<ModelResult> {
  const behaviour = readBehaviour(call.message, defaults);
  for (let attempts = 1; ; attempts++) {
    call.onAttempt();
    const workMs = behaviour.isHanging ? Number.POSITIVE_INFINITY : behaviour.delayMs;
    await pause(Math.min(workMs, call.timeoutMs), undefined, { signal: call.signal });
    if (workMs > call.timeoutMs) return { kind: 'timeout', attempts };

    const failure = behaviour.isCut
      ? CUT
      : behaviour.failStatus === null
        ? null
        : providerErrorOf(behaviour.failStatus);
    if (!failure) return { kind: 'answer', text: behaviour.answer, attempts };
    if (!isRetried(failure.status) || attempts === settings.modelAttemptsMax) {
      return { kind: 'failure', ...failure, attempts };
    }
    await pause(settings.modelRetryMs, undefined, { signal: call.signal });
  }
}

interface ProviderError {
  error: string;
  notice: string;
}

const TEMPORARY = 'This is usually temporary — try again shortly.';
const REAUTHENTICATE = 'Re-authenticate the provider and try again.';
const CUT = {
  status: null,
  error: 'LLM request failed: network connection error.',
  notice: 'LLM request failed: network connection error.',
};

/** OpenClaw's texts for a failed model call, by HTTP status. Measured. */
const PROVIDER_ERRORS: Readonly<Record<number, ProviderError>> = {
  400: {
    error: 'LLM request failed: provider rejected the request schema or tool payload.',
    notice: '⚠️ LLM request failed (request format rejected, HTTP 400).',
  },
  401: {
    error: `⚠️ ${PROVIDER}/${MODEL} request failed (authentication failed, HTTP 401). ${REAUTHENTICATE}`,
    notice: `⚠️ LLM request failed (authentication failed, HTTP 401). ${REAUTHENTICATE}`,
  },
  404: {
    error:
      'The selected model was not found by the provider. Check the model id or choose a different model.',
    notice: '⚠️ LLM request failed (model not found, HTTP 404).',
  },
  429: {
    error: '⚠️ API rate limit reached. Please try again later.',
    notice: `⚠️ LLM request failed (rate limited, HTTP 429). ${TEMPORARY}`,
  },
};

const isRetried = (status: number | null) => status === null || status === 429 || status >= 500;

function providerErrorOf(status: number): ProviderError & { status: number } {
  const reason = `(provider internal error, HTTP ${status}). ${TEMPORARY}`;
  const other = {
    error: `⚠️ ${PROVIDER}/${MODEL} request failed ${reason}`,
    notice: `⚠️ LLM request failed ${reason}`,
  };
  return { status, ...(PROVIDER_ERRORS[status] ?? other) };
}

function readBehaviour(message: string, defaults: ModelDefaults): Behaviour {
  const marker = (pattern: RegExp) => message.match(pattern)?.[1];
  const fail = marker(/\[\[fail=(\d+)\]\]/);
  const long = marker(/\[\[long=(\d{1,7})\]\]/);
  const text = marker(/\[\[json=(.*)/) ?? marker(/\[\[say=([^\]]*)\]\]/);
  return {
    delayMs: Number(marker(/\[\[delay=(\d+)\]\]/) ?? defaults.delayMs),
    failStatus: fail === undefined ? defaults.failStatus : Number(fail) || null,
    isHanging: message.includes('[[hang]]'),
    isCut: message.includes('[[cut]]'),
    answer: message.includes('[[empty]]')
      ? ''
      : long === undefined
        ? (text ?? defaults.answer)
        : longAnswer(Number(long)),
  };
}

const longAnswer = (characters: number) =>
  'Simulated text. '.repeat(Math.ceil(characters / 16)).slice(0, characters);
