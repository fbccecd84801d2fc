import { setTimeout as pause } from 'node:timers/promises';
import type { ModelDefaults } from './faults.ts';
import type { Settings } from './options.ts';

/** The model that answers; its names say that it is none. */
export const PROVIDER = 'openclaw-simulator';
export const MODEL = 'simulated-model';

/** What a message orders the model to do, by its markers or by default. */
interface Plan {
  delayMs: number;
  failStatus: number | null;
  isHanging: boolean;
  isCut: boolean;
  answer: string;
}

/** How one run of the model ended. `error` is what an event says, `notice` what the history shows. */
export type Verdict =
  | { kind: 'answer'; text: string; attempts: number }
  | { kind: 'timeout'; attempts: number }
  | { kind: 'failure'; status: number | null; error: string; notice: string; attempts: number };

interface ModelCall {
  message: string;
  /** The bound of each attempt; retries are not bounded by it, as measured. */
  timeoutMs: number;
  signal: AbortSignal;
  onAttempt(): void;
}

/**
 * Plays the model: markers in the message choose delay, failure, hang, cut and answer.
 *
 * 429, 5xx and a cut connection are tried `modelAttemptsMax` times; other failures end at once.
 * Rejects with an AbortError when `signal` is aborted.
 */
export async function askModel(
  settings: Settings,
  defaults: ModelDefaults,
  call: ModelCall,
): Promise<Verdict> {
  const plan = readPlan(call.message, defaults);
  for (let attempts = 1; ; attempts++) {
    call.onAttempt();
    const workMs = plan.isHanging ? Number.POSITIVE_INFINITY : plan.delayMs;
    await pause(Math.min(workMs, call.timeoutMs), undefined, { signal: call.signal });
    if (workMs > call.timeoutMs) return { kind: 'timeout', attempts };

    const failure = plan.isCut ? CUT : plan.failStatus === null ? null : refusal(plan.failStatus);
    if (!failure) return { kind: 'answer', text: plan.answer, attempts };
    if (!isRetried(failure.status) || attempts === settings.modelAttemptsMax) {
      return { kind: 'failure', ...failure, attempts };
    }
    await pause(settings.modelRetryMs, undefined, { signal: call.signal });
  }
}

interface Refusal {
  error: string;
  notice: string;
}

const SHORTLY = 'This is usually temporary — try again shortly.';
const AGAIN = 'Re-authenticate the provider and try again.';
const CUT = {
  status: null,
  error: 'LLM request failed: network connection error.',
  notice: 'LLM request failed: network connection error.',
};

/** What OpenClaw makes of a model's refusal, by HTTP status; measured. */
const REFUSALS: Readonly<Record<number, Refusal>> = {
  400: {
    error: 'LLM request failed: provider rejected the request schema or tool payload.',
    notice: '⚠️ LLM request failed (request format rejected, HTTP 400).',
  },
  401: {
    error: `⚠️ ${PROVIDER}/${MODEL} request failed (authentication failed, HTTP 401). ${AGAIN}`,
    notice: `⚠️ LLM request failed (authentication failed, HTTP 401). ${AGAIN}`,
  },
  404: {
    error:
      'The selected model was not found by the provider. Check the model id or choose a different model.',
    notice: '⚠️ LLM request failed (model not found, HTTP 404).',
  },
  429: {
    error: '⚠️ API rate limit reached. Please try again later.',
    notice: `⚠️ LLM request failed (rate limited, HTTP 429). ${SHORTLY}`,
  },
};

const isRetried = (status: number | null) => status === null || status === 429 || status >= 500;

function refusal(status: number): Refusal & { status: number } {
  const reason = `(provider internal error, HTTP ${status}). ${SHORTLY}`;
  const other = {
    error: `⚠️ ${PROVIDER}/${MODEL} request failed ${reason}`,
    notice: `⚠️ LLM request failed ${reason}`,
  };
  return { status, ...(REFUSALS[status] ?? other) };
}

function readPlan(message: string, defaults: ModelDefaults): Plan {
  const marker = (pattern: RegExp) => message.match(pattern)?.[1];
  const fail = marker(/\[\[fail=(\d+)\]\]/);
  const long = marker(/\[\[long=(\d{1,7})\]\]/);
  const said = marker(/\[\[json=(.*)/) ?? marker(/\[\[say=([^\]]*)\]\]/);
  return {
    delayMs: Number(marker(/\[\[delay=(\d+)\]\]/) ?? defaults.delayMs),
    failStatus: fail === undefined ? defaults.failStatus : Number(fail) || null,
    isHanging: message.includes('[[hang]]'),
    isCut: message.includes('[[cut]]'),
    answer: message.includes('[[empty]]')
      ? ''
      : long === undefined
        ? (said ?? defaults.answer)
        : longAnswer(Number(long)),
  };
}

const longAnswer = (characters: number) =>
  'Simulated text. '.repeat(Math.ceil(characters / 16)).slice(0, characters);
