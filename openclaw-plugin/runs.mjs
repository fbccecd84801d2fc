import { BODY_BYTES_MAX, cutAt } from './report.mjs';

/**
 * The data of the last model attempt of a run, read from its messages. OpenClaw's `agent_end` arrives once per attempt.
 * Its field `success` is not used, because it is true also when the model failed.
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
 * @property {number | null} startedAt start of the first attempt; the end of a run has only the start of the last one
 * @property {number} attempts the number of ended attempts
 * @property {Attempt | null} last
 */

/**
 * The known runs that have not ended, and the runs that were reported, by runId.
 *
 * @typedef {object} Runs
 * @property {Map<string, OpenRun>} open
 * @property {Set<string>} reported
 */

/** 8 hook runs and any number of WebSocket runs can be active. Runs that never end must not accumulate. */
const OPEN_RUNS_MAX = 100;
const REPORTED_RUNS_MAX = 1000;

/** @returns {Runs} */
export const createRuns = () => ({ open: new Map(), reported: new Set() });

/**
 * Records the start of a run. Later starts of the same run are ignored.
 *
 * @param {Runs} runs @param {any} event of the `lifecycle` stream
 */
export function recordStart(runs, { runId, data, ts }) {
  const run = openRun(runs, runId);
  if (run) run.startedAt ??= data.startedAt ?? ts ?? null;
}

/**
 * Records the attempt that an `agent_end` event ends.
 *
 * @param {Runs} runs @param {any} event @param {any} ctx
 */
export function recordAttempt(runs, event, ctx) {
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
 * Whether an event of the `lifecycle` stream is the end of a run that OpenClaw will not attempt again. A `yielded` end
 * does not count: the agent waits for its subagents and continues in another run of the same session.
 *
 * @param {any} event
 */
export const isRunEnd = ({ stream, data }) =>
  stream === 'lifecycle' &&
  (data?.phase === 'end' || data?.phase === 'error') &&
  data.executionSettled === true &&
  data.yielded !== true;

/**
 * Whether the agent's answer is known. A failed run may have no answer; a successful run has at least one attempt.
 *
 * @param {Runs} runs @param {any} event
 */
export const isAnswerKnown = (runs, { runId, data }) =>
  data.phase === 'error' || runs.reported.has(runId) || (runs.open.get(runId)?.attempts ?? 0) > 0;

/**
 * Creates the report of an ended run. Returns null when the run was already reported.
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
 * Whether a run succeeded. The phase alone does not decide: a restart of the gateway ends runs with phase `end` and
 * `aborted`.
 *
 * @param {any} data @param {Attempt | null | undefined} attempt
 */
const hasSucceeded = (data, attempt) =>
  data.phase === 'end' &&
  data.aborted !== true &&
  attempt?.stopReason !== 'error' &&
  attempt?.stopReason !== 'aborted';

/**
 * Returns the error text of a failed run. OpenClaw's text for a timeout is only "Agent run failed", so `timeoutPhase` is
 * added: the phase in which the run timed out.
 *
 * @param {any} data @param {Attempt | null | undefined} attempt @returns {string}
 */
function readError(data, attempt) {
  const error = data.error || attempt?.errorMessage;
  if (data.timeoutPhase) return `${error || 'The run failed'}: timed out in phase ${data.timeoutPhase}`;
  return error || (data.aborted ? 'The run was aborted' : 'The run failed without a reason');
}

/**
 * Returns the assistant's messages since the last user message. A session keeps its earlier turns, and an earlier answer
 * must not be reported for a run without an answer.
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
 * Adds numbers with the same name, also in nested records such as the cost.
 *
 * @param {any} sum @param {any} usage @returns {any}
 */
function addUsage(sum, usage) {
  if (typeof usage === 'number') return typeof sum === 'number' ? sum + usage : usage;
  if (typeof usage !== 'object' || usage === null) return sum;
  const names = Object.keys({ ...sum, ...usage });
  return Object.fromEntries(names.map((name) => [name, addUsage(sum?.[name], usage[name])]));
}

/** @param {Map<string, unknown> | Set<string>} collection @param {number} countMax */
function keepNewest(collection, countMax) {
  for (const oldest of collection.keys()) {
    if (collection.size <= countMax) return;
    collection.delete(oldest);
  }
}
