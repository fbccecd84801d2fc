import { randomUUID } from 'node:crypto';
import type { Gateway } from './gateway.ts';
import { askModel, MODEL, type ModelResult, PROVIDER } from './model.ts';
import type { Outcome, RowContent, Run, RunRequest } from './run-types.ts';
import type { NewRow, Session, Usage } from './sessions.ts';

/** The abort reason of a run that is stopped before its end. */
export type StopCause = 'abort' | 'rebound' | 'killed';

const SILENT_REPLY = 'NO_REPLY';
const PROVIDER_DOWN = `Inline API key for provider "${PROVIDER}" is temporarily disabled after a provider auth/billing failure. Retry after about 1 minute, or switch to a different auth profile/API key.`;

/** Starts an admitted run. When it ends, the history is written and then the callback is sent. */
export function startRun(gateway: Gateway, request: RunRequest): Run {
  const { memory, sessions, counters, settings } = gateway;
  for (const other of memory.running) {
    if (other.isRecovery && other.sessionKey === request.sessionKey)
      other.control.abort('rebound' satisfies StopCause);
  }
  const session = sessions.open(request.sessionKey);
  const isProviderDown = Date.now() < memory.providerDownUntil;
  if (!isProviderDown) sessions.append(session, { role: 'user', content: request.prompt });
  counters.addRun(request.sessionKey);

  const control = new AbortController();
  const startedAt = Date.now();
  const outcome = isProviderDown
    ? Promise.resolve(failWithoutModel(gateway, session, request))
    : callModel(gateway, request, { startedAt, signal: control.signal });
  const reported = Promise.withResolvers<void>();
  const ended = outcome.then((end) => {
    memory.running.delete(run);
    if (end) recordEnd(gateway, session, run, end).then(reported.resolve, reported.reject);
    return end;
  });
  const run: Run = { ...request, startedAt, control, ended, reported: reported.promise };
  memory.running.add(run);
  settings.log.info({ sessionKey: request.sessionKey, trigger: request.trigger }, 'simulator.run-started');
  return run;
}

async function callModel(
  gateway: Gateway,
  request: RunRequest,
  { startedAt, signal }: { startedAt: number; signal: AbortSignal },
): Promise<Outcome | null> {
  const { settings, counters, memory, faults } = gateway;
  const times = () => ({ startedAt, endedAt: Date.now() });
  try {
    const timeoutSeconds = request.timeoutSeconds ?? settings.timeoutSecondsDefault;
    const result = await askModel(settings, faults.model, {
      message: request.message,
      timeoutMs: Math.min(timeoutSeconds * settings.timeoutSecondMs, 2 ** 31 - 1),
      signal,
      onAttempt: () => counters.modelCalls++,
    });
    if (result.kind === 'failure' && result.status === 401) {
      memory.providerDownUntil = Date.now() + settings.providerCooldownMs;
    }
    return { ...outcomeOf(result), ...times() };
  } catch (error) {
    if (!signal.aborted) throw error;
    const stopped = outcomeOfStop(signal.reason as StopCause, request.sessionKey);
    return stopped && { ...stopped, ...times() };
  }
}

/** Ends a run that did not reach the model. Its history has a notice instead of prompt and answer. */
function failWithoutModel({ sessions }: Gateway, session: Session, { runId }: RunRequest): Outcome {
  const content = `This turn ended before a reply: ${PROVIDER_DOWN}`;
  const customType = 'run-failed-before-reply';
  sessions.append(session, { role: 'custom', customType, content, display: true }, runId);
  const now = Date.now();
  return { ...failed(PROVIDER_DOWN, 1), rowContent: null, startedAt: now, endedAt: now };
}

type UntimedOutcome = Omit<Outcome, 'startedAt' | 'endedAt'>;

function outcomeOf(result: ModelResult): UntimedOutcome {
  const { attempts } = result;
  if (result.kind === 'failure') return failed(result.error, attempts, result.notice);
  if (result.kind === 'timeout') return timedOut(attempts);
  const { text } = result;
  const isSilent = text === '' || text === SILENT_REPLY;
  return {
    kind: 'answered',
    disposition: isSilent ? 'silent' : 'visible',
    text,
    error: null,
    rowContent: text === SILENT_REPLY ? null : { text: text || null },
    stopReason: 'stop',
    attempts,
  };
}

const failed = (error: string, attempts: number, notice = error): UntimedOutcome => ({
  kind: 'failed',
  disposition: 'empty',
  text: '',
  error,
  rowContent: { text: notice },
  stopReason: 'error',
  attempts,
});

/** A timed-out run has different texts in its event and in its history. */
const timedOut = (attempts: number): UntimedOutcome => ({
  ...failed('Agent run failed: timed out in phase provider', attempts),
  kind: 'timed-out',
  rowContent: { text: '', errorMessage: 'request timed out' },
  stopReason: 'aborted',
});

function outcomeOfStop(cause: StopCause, sessionKey: string): UntimedOutcome | null {
  if (cause === 'killed') return null;
  if (cause === 'rebound') {
    const rebound = `session rebound for sessionKey: ${sessionKey}`;
    return failed(`Failed to persist terminal assistant error: ${rebound}`, 1);
  }
  return { ...failed('agent run aborted', 1), kind: 'aborted', rowContent: null, stopReason: 'aborted' };
}

function recordEnd(gateway: Gateway, session: Session, run: Run, end: Outcome): Promise<void> {
  const usage = usageOf(run, end);
  if (end.kind === 'answered') gateway.counters.runsEndedOk++;
  else gateway.counters.runsEndedInError++;
  if (end.rowContent)
    gateway.sessions.append(session, answerRow(end.rowContent, end.stopReason, usage), run.runId);
  const { sessionKey } = run;
  // The plugin reads these from the last message; an attempt that timed out has none.
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

const answerRow = (rowContent: RowContent, stopReason: string, usage: Usage): NewRow => ({
  role: 'assistant',
  content: rowContent.text === null ? [] : [{ type: 'text', text: rowContent.text }],
  api: 'openai-completions',
  provider: PROVIDER,
  model: MODEL,
  usage,
  stopReason,
  ...(rowContent.errorMessage === undefined ? {} : { errorMessage: rowContent.errorMessage }),
});

const CHARACTERS_PER_TOKEN = 4;

function usageOf(run: Run, end: Outcome): Usage {
  const input = end.kind === 'answered' ? Math.ceil(run.prompt.length / CHARACTERS_PER_TOKEN) : 0;
  const output = Math.ceil(end.text.length / CHARACTERS_PER_TOKEN);
  return { input, output, cacheRead: 0, cacheWrite: 0, totalTokens: input + output };
}

/** Runs a persistent session again that a crash interrupted, as OpenClaw does after a restart. */
export function recoverRun(gateway: Gateway, interrupted: RunRequest): void {
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
