import { randomUUID } from 'node:crypto';
import type { Gateway } from './gateway.ts';
import { askModel, MODEL, PROVIDER, type Verdict } from './model.ts';
import type { NewRow, Session, Usage } from './sessions.ts';

/** What shall run. */
export interface RunOrder {
  /** The id in events, history and callbacks. Not the HTTP runId. */
  runId: string;
  agentId: string;
  /** The full key. */
  sessionKey: string;
  isPersistent: boolean;
  /** A recovery gives way to any other run of its session. */
  isRecovery: boolean;
  message: string;
  /** The message as it stands in the history. */
  prompt: string;
  timeoutSeconds: number | null;
  /** `cron` for hook runs, `user` for WebSocket and recovery runs. */
  trigger: 'cron' | 'user';
}

export interface Run extends RunOrder {
  startedAt: number;
  control: AbortController;
  /** The outcome; null when the gateway's process died first. */
  ended: Promise<Outcome | null>;
  /** Resolves when the run's callback was tried once, or when there is none. */
  reported: Promise<void>;
}

interface Shown {
  /** null shows no text at all. */
  text: string | null;
  errorMessage?: string;
}

export interface Outcome {
  kind: 'answered' | 'failed' | 'timed-out' | 'aborted';
  disposition: 'visible' | 'silent' | 'empty';
  /** The whole answer; empty unless answered. */
  text: string;
  error: string | null;
  /** The line that the history gets, if any. A failure's text is a notice, no answer. */
  shown: Shown | null;
  stopReason: 'stop' | 'error' | 'aborted';
  attempts: number;
  startedAt: number;
  endedAt: number;
}

/** Why a run is stopped from outside; goes into its AbortController as the reason. */
export type StopCause = 'abort' | 'rebound' | 'killed';

const SILENT_REPLY = 'NO_REPLY';
const PROVIDER_DOWN = `Inline API key for provider "${PROVIDER}" is temporarily disabled after a provider auth/billing failure. Retry after about 1 minute, or switch to a different auth profile/API key.`;

/** Starts an admitted run. At its end the history is written, then the callback is sent. */
export function startRun(gateway: Gateway, order: RunOrder): Run {
  const { memory, sessions, tally, settings } = gateway;
  for (const other of memory.running) {
    if (other.isRecovery && other.sessionKey === order.sessionKey)
      other.control.abort('rebound' satisfies StopCause);
  }
  const session = sessions.open(order.sessionKey);
  const isProviderDown = Date.now() < memory.providerDownUntil;
  if (!isProviderDown) sessions.append(session, { role: 'user', content: order.prompt });
  tally.addRun(order.sessionKey);

  const control = new AbortController();
  const startedAt = Date.now();
  const outcome = isProviderDown
    ? Promise.resolve(failWithoutModel(gateway, session, order))
    : perform(gateway, order, { startedAt, signal: control.signal });
  const reported = Promise.withResolvers<void>();
  const ended = outcome.then((end) => {
    memory.running.delete(run);
    if (end) record(gateway, session, run, end).then(reported.resolve, reported.reject);
    return end;
  });
  const run: Run = { ...order, startedAt, control, ended, reported: reported.promise };
  memory.running.add(run);
  settings.log.info({ sessionKey: order.sessionKey, trigger: order.trigger }, 'simulator.run-started');
  return run;
}

async function perform(
  gateway: Gateway,
  order: RunOrder,
  { startedAt, signal }: { startedAt: number; signal: AbortSignal },
): Promise<Outcome | null> {
  const { settings, tally, memory, faults } = gateway;
  const times = () => ({ startedAt, endedAt: Date.now() });
  try {
    const timeoutSeconds = order.timeoutSeconds ?? settings.timeoutSecondsDefault;
    const verdict = await askModel(settings, faults.model, {
      message: order.message,
      timeoutMs: Math.min(timeoutSeconds * settings.timeoutSecondMs, 2 ** 31 - 1),
      signal,
      onAttempt: () => tally.modelCalls++,
    });
    if (verdict.kind === 'failure' && verdict.status === 401) {
      memory.providerDownUntil = Date.now() + settings.providerCooldownMs;
    }
    return { ...judge(verdict), ...times() };
  } catch (error) {
    if (!signal.aborted) throw error;
    const stopped = stoppedBy(signal.reason as StopCause, order.sessionKey);
    return stopped && { ...stopped, ...times() };
  }
}

/** The end of a run that never reached the model: its history has a notice in place of prompt and answer. */
function failWithoutModel({ sessions }: Gateway, session: Session, { runId }: RunOrder): Outcome {
  const content = `This turn ended before a reply: ${PROVIDER_DOWN}`;
  const customType = 'run-failed-before-reply';
  sessions.append(session, { role: 'custom', customType, content, display: true }, runId);
  const now = Date.now();
  return { ...failed(PROVIDER_DOWN, 1), shown: null, startedAt: now, endedAt: now };
}

type Judgement = Omit<Outcome, 'startedAt' | 'endedAt'>;

function judge(verdict: Verdict): Judgement {
  const { attempts } = verdict;
  if (verdict.kind === 'failure') return failed(verdict.error, attempts, verdict.notice);
  if (verdict.kind === 'timeout') return timedOut(attempts);
  const { text } = verdict;
  const isSilent = text === '' || text === SILENT_REPLY;
  return {
    kind: 'answered',
    disposition: isSilent ? 'silent' : 'visible',
    text,
    error: null,
    shown: text === SILENT_REPLY ? null : { text: text || null },
    stopReason: 'stop',
    attempts,
  };
}

const failed = (error: string, attempts: number, notice = error): Judgement => ({
  kind: 'failed',
  disposition: 'empty',
  text: '',
  error,
  shown: { text: notice },
  stopReason: 'error',
  attempts,
});

/** A timed-out run says one thing in its event and another in its history. */
const timedOut = (attempts: number): Judgement => ({
  ...failed('Agent run failed: timed out in phase provider', attempts),
  kind: 'timed-out',
  shown: { text: '', errorMessage: 'request timed out' },
  stopReason: 'aborted',
});

function stoppedBy(cause: StopCause, sessionKey: string): Judgement | null {
  if (cause === 'killed') return null;
  if (cause === 'rebound') {
    const rebound = `session rebound for sessionKey: ${sessionKey}`;
    return failed(`Failed to persist terminal assistant error: ${rebound}`, 1);
  }
  return { ...failed('agent run aborted', 1), kind: 'aborted', shown: null, stopReason: 'aborted' };
}

function record(gateway: Gateway, session: Session, run: Run, end: Outcome): Promise<void> {
  const usage = usageOf(run, end);
  if (end.kind === 'answered') gateway.tally.runsEndedOk++;
  else gateway.tally.runsEndedInError++;
  if (end.shown) gateway.sessions.append(session, answerRow(end.shown, end.stopReason, usage), run.runId);
  const { sessionKey } = run;
  // An attempt that timed out leaves no message for the plugin to read them from.
  const hasMessage = end.kind !== 'timed-out';
  gateway.settings.log.info({ sessionKey, outcome: end.kind, error: end.error }, 'simulator.run-ended');
  return gateway.outbox.send({
    runId: run.runId,
    sessionKey: run.sessionKey,
    sessionId: session.id,
    agentId: run.agentId,
    trigger: run.trigger,
    success: end.kind === 'answered',
    aborted: end.kind === 'aborted',
    text: end.text,
    error: end.error,
    stopReason: hasMessage ? end.stopReason : null,
    usage: hasMessage ? usage : null,
    provider: PROVIDER,
    model: MODEL,
    attempts: end.attempts,
    startedAt: end.startedAt,
    endedAt: end.endedAt,
    durationMs: end.endedAt - end.startedAt,
  });
}

const answerRow = (shown: Shown, stopReason: string, usage: Usage): NewRow => ({
  role: 'assistant',
  content: shown.text === null ? [] : [{ type: 'text', text: shown.text }],
  api: 'openai-completions',
  provider: PROVIDER,
  model: MODEL,
  usage,
  stopReason,
  ...(shown.errorMessage === undefined ? {} : { errorMessage: shown.errorMessage }),
});

const CHARACTERS_PER_TOKEN = 4;

function usageOf(run: Run, end: Outcome): Usage {
  const input = end.kind === 'answered' ? Math.ceil(run.prompt.length / CHARACTERS_PER_TOKEN) : 0;
  const output = Math.ceil(end.text.length / CHARACTERS_PER_TOKEN);
  return { input, output, cacheRead: 0, cacheWrite: 0, totalTokens: input + output };
}

/** Re-runs a persistent session that a crash interrupted, as OpenClaw does by itself after a restart. */
export function recoverRun(gateway: Gateway, interrupted: RunOrder): void {
  const { sessions } = gateway;
  const session = sessions.open(interrupted.sessionKey);
  const runId = randomUUID();
  sessions.append(session, { role: 'custom', content: 'Restart recovery of an interrupted session' });
  startRun(gateway, {
    ...interrupted,
    runId,
    isRecovery: true,
    prompt: '[System] Your previous turn was interrupted by a restart of the gateway. Continue it.',
    trigger: 'user',
  });
}
