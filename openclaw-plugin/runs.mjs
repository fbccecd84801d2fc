import { BODY_BYTES_MAX, cutAt } from './report.mjs';

/**
 * What the last attempt of a run left behind. OpenClaw's `agent_end` comes once per attempt and says `success: true`
 * also when the model failed, so only its messages are believed.
 *
 * @typedef {object} Attempt
 * @property {string} text
 * @property {string | null} stopReason
 * @property {string | null} errorMessage
 * @property {Record<string, unknown> | null} usage
 * @property {string | null} provider
 * @property {string | null} model
 * @property {string | null} trigger
 * @property {string | null} sessionId
 *
 * @typedef {object} OpenRun
 * @property {number | null} startedAt of its first attempt; the end of a run tells only when its last one started
 * @property {number} attempts how many have ended
 * @property {Attempt | null} last
 */

/**
 * The runs that were seen but have not ended, and the runs that were reported, by runId.
 *
 * @typedef {object} Runs
 * @property {Map<string, OpenRun>} open
 * @property {Set<string>} reported
 */

/** 8 runs by hooks and any number by WebSocket run at a time; what never ends must not pile up. */
const OPEN_RUNS_MAX = 100;
const REPORTED_RUNS_MAX = 1000;

/** @returns {Runs} */
export const createRuns = () => ({ open: new Map(), reported: new Set() });

/**
 * Notes when a run began: the first time counts.
 *
 * @param {Runs} runs @param {any} event of the `lifecycle` stream
 */
export function noteStart(runs, { runId, data, ts }) {
  const run = openRun(runs, runId);
  if (run) run.startedAt ??= data.startedAt ?? ts ?? null;
}

/**
 * Notes what the messages of an `agent_end` event say.
 *
 * @param {Runs} runs @param {any} event @param {any} ctx
 */
export function noteAttempt(runs, event, ctx) {
  const run = openRun(runs, event.runId ?? ctx.runId);
  if (!run) return;
  run.attempts++;
  run.last = readAttempt(readTurn(event.messages ?? []), ctx);
}

/** @param {Runs} runs @param {string | undefined} runId */
function openRun(runs, runId) {
  if (!runId || runs.reported.has(runId)) return null;
  const run = runs.open.get(runId) ?? { startedAt: null, attempts: 0, last: null };
  runs.open.set(runId, run);
  keepNewest(runs.open, OPEN_RUNS_MAX);
  return run;
}

/** @param {any[]} turn @param {any} ctx @returns {Attempt} */
function readAttempt(turn, ctx) {
  const last = turn.at(-1);
  return {
    text: cutAt(readText(last?.content), BODY_BYTES_MAX),
    stopReason: last?.stopReason ?? null,
    errorMessage: last?.errorMessage ?? null,
    usage: turn.map(({ usage }) => usage).reduce(addUsage, null),
    provider: last?.provider ?? ctx.modelProviderId ?? null,
    model: last?.model ?? ctx.modelId ?? null,
    trigger: ctx.trigger ?? null,
    sessionId: ctx.sessionId ?? null,
  };
}

/**
 * Whether an event of the `lifecycle` stream is the end of a run: OpenClaw will not try it again. An end that is
 * `yielded` is none: the agent waits for agents below it and goes on in another run of the same session.
 *
 * @param {any} event
 */
export const isRunEnd = ({ stream, data }) =>
  stream === 'lifecycle' &&
  (data?.phase === 'end' || data?.phase === 'error') &&
  data.executionSettled === true &&
  data.yielded !== true;

/**
 * Whether it is known what the agent said. A failed run may have said nothing; a run that ended well has at least one
 * attempt.
 *
 * @param {Runs} runs @param {any} event
 */
export const isAnswerKnown = (runs, { runId, data }) =>
  data.phase === 'error' || runs.reported.has(runId) || (runs.open.get(runId)?.attempts ?? 0) > 0;

/**
 * Makes the report of an ended run; null when this run was reported already.
 *
 * @param {Runs} runs
 * @param {any} event for which `isRunEnd` holds
 * @param {number} now
 * @returns {import('./report.mjs').Report | null}
 */
export function reportEnd(runs, event, now) {
  if (runs.reported.has(event.runId)) return null;
  const run = runs.open.get(event.runId);
  const attempt = run?.last;
  runs.open.delete(event.runId);
  runs.reported.add(event.runId);
  keepNewest(runs.reported, REPORTED_RUNS_MAX);

  const { data } = event;
  const endedAt = data.endedAt ?? event.ts ?? now;
  const startedAt = run?.startedAt ?? data.startedAt ?? endedAt;
  const success = hasSucceeded(data, attempt);
  return {
    runId: event.runId,
    sessionKey: event.sessionKey,
    sessionId: event.sessionId ?? attempt?.sessionId ?? null,
    agentId: event.agentId ?? /^agent:([^:]+):/.exec(event.sessionKey)?.[1] ?? null,
    trigger: attempt?.trigger ?? null,
    success,
    aborted: data.aborted === true,
    text: attempt?.text ?? '',
    error: success ? null : readError(data, attempt),
    stopReason: attempt?.stopReason ?? data.stopReason ?? null,
    usage: attempt?.usage ?? null,
    provider: attempt?.provider ?? null,
    model: attempt?.model ?? null,
    attempts: run?.attempts ?? 0,
    startedAt,
    endedAt,
    durationMs: Math.max(0, endedAt - startedAt),
  };
}

/**
 * A gateway that restarts ends its runs with phase `end` and `aborted`, so the phase alone is not success.
 *
 * @param {any} data @param {Attempt | null | undefined} attempt
 */
const hasSucceeded = (data, attempt) =>
  data.phase === 'end' &&
  data.aborted !== true &&
  attempt?.stopReason !== 'error' &&
  attempt?.stopReason !== 'aborted';

/**
 * OpenClaw says only "Agent run failed" of a run that took longer than its timeout; `timeoutPhase` is where it hung.
 *
 * @param {any} data @param {Attempt | null | undefined} attempt @returns {string}
 */
function readError(data, attempt) {
  const error = data.error || attempt?.errorMessage;
  if (data.timeoutPhase) return `${error || 'The run failed'}: timed out in phase ${data.timeoutPhase}`;
  return error || (data.aborted ? 'The run was aborted' : 'The run failed without a reason');
}

/**
 * The assistant's messages since the last user message: a session keeps its earlier turns, and the answer of an
 * earlier one must never pass for the answer of a run that said nothing.
 *
 * @param {any[]} messages
 */
function readTurn(messages) {
  const start = messages.findLastIndex(({ role }) => role === 'user') + 1;
  return messages.slice(start).filter(({ role }) => role === 'assistant');
}

/** @param {unknown} content @returns {string} */
function readText(content) {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (part?.type === 'text' ? String(part.text ?? '') : '')).join('');
}

/**
 * Adds numbers of the same name, also those in nested records such as the cost.
 *
 * @param {any} sum @param {any} usage @returns {any}
 */
function addUsage(sum, usage) {
  if (typeof usage === 'number') return typeof sum === 'number' ? sum + usage : usage;
  if (typeof usage !== 'object' || usage === null) return sum;
  const names = Object.keys({ ...sum, ...usage });
  return Object.fromEntries(names.map((name) => [name, addUsage(sum?.[name], usage[name])]));
}

/** @param {Map<string, unknown> | Set<string>} known @param {number} countMax */
function keepNewest(known, countMax) {
  for (const oldest of known.keys()) {
    if (known.size <= countMax) return;
    known.delete(oldest);
  }
}
