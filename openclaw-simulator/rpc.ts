import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Gateway } from './gateway.ts';
import { MODEL, PROVIDER } from './model.ts';
import { endAnswer, waitAnswer } from './rpc-answers.ts';
import { type StopCause, startRun } from './run.ts';
import type { Outcome, RunRequest } from './run-types.ts';
import { fullSessionKey } from './sessions.ts';

/** A refusal that becomes the `error` of an answer. */
export class RpcRefused extends Error {
  readonly code: string;
  readonly details: object | undefined;

  constructor(message: string, code = 'INVALID_REQUEST', details?: object) {
    super(message);
    this.name = 'RpcRefused';
    this.code = code;
    this.details = details;
  }
}

/** Sends a second answer under the id of the same request. */
type SendSecondAnswer = (answer: object) => void;

interface Method {
  scope: 'operator.read' | 'operator.write';
  call(gateway: Gateway, params: unknown, sendSecondAnswer: SendSecondAnswer): unknown;
}

/** Returns a method that `scopes` allow. Throws RpcRefused otherwise; an unknown method needs operator.admin. */
export function methodFor(name: string, scopes: readonly string[]): Method {
  const method = METHODS[name];
  const scope = method?.scope ?? 'operator.admin';
  if (!scopes.includes(scope)) {
    const details = { code: 'MISSING_SCOPE', missingScope: scope, requiredScopes: [scope] };
    throw new RpcRefused(`missing scope: ${scope}`, 'FORBIDDEN', details);
  }
  if (!method) throw new RpcRefused(`unknown method: ${name}`);
  return method;
}

/** The WebSocket methods of the simulator, and the scope that each needs. */
const METHODS: Readonly<Record<string, Method>> = {
  'agents.list': { scope: 'operator.read', call: listAgents },
  'sessions.abort': { scope: 'operator.write', call: abortSession },
  agent: { scope: 'operator.write', call: startAgent },
  'agent.wait': { scope: 'operator.write', call: waitForAgent },
};

function listAgents({ settings }: Gateway) {
  const agents = settings.agents.map((id) => ({ id, model: { primary: `${PROVIDER}/${MODEL}` } }));
  return { defaultId: settings.agents[0], mainKey: 'main', scope: 'per-sender', agents };
}

const AbortParams = z.object({ key: z.string().min(1).optional(), runId: z.string().optional() });

/** Stops the run of a session. `abortedRunId` is null for hook runs, because clients do not know their id. */
function abortSession(gateway: Gateway, params: unknown) {
  const { key, runId } = parse(AbortParams, 'sessions.abort', params);
  if (key === undefined) {
    const details = { code: 'SESSION_MUTATION_TARGET_REQUIRED', method: 'sessions.abort' };
    throw new RpcRefused('session mutation target is unavailable', undefined, details);
  }
  const sessionKey = fullSessionKey(gateway.settings.agents[0] ?? 'main', key);
  for (const run of gateway.memory.running) {
    if (run.sessionKey !== sessionKey || (runId !== undefined && runId !== run.runId)) continue;
    run.control.abort('abort' satisfies StopCause);
    const abortedRunId = gateway.memory.rpcRuns.has(run.runId) ? run.runId : null;
    return { ok: true, abortedRunId, status: 'aborted' };
  }
  return { ok: true, abortedRunId: null, status: 'no-active-run' };
}

const AgentParams = z.object({
  message: z.string().trim().min(1),
  idempotencyKey: z.string().min(1),
  agentId: z.string().toLowerCase().optional(),
  sessionKey: z.string().optional(),
  timeout: z.number().positive().optional(),
});

function startAgent(gateway: Gateway, params: unknown, sendSecondAnswer: SendSecondAnswer) {
  const { idempotencyKey: runId, ...fields } = parse(AgentParams, 'agent', params);
  const { rpcRuns } = gateway.memory;
  const earlier = rpcRuns.get(runId)?.request;
  if (earlier)
    return { runId, status: 'in_flight', sessionKey: earlier.sessionKey, agentId: earlier.agentId };
  if (gateway.isDraining) throw new RpcRefused('gateway is draining', 'UNAVAILABLE');

  const request = runRequestOf(gateway, runId, fields);
  const ended = admitAndRun(gateway, request);
  rpcRuns.set(runId, { request, ended });
  void ended.then((end) => end && sendSecondAnswer(endAnswer(runId, end)));
  const { sessionKey, agentId } = request;
  return { runId, sessionKey, agentId, status: 'accepted', acceptedAt: Date.now() };
}

function runRequestOf(
  { settings }: Gateway,
  runId: string,
  fields: Omit<z.infer<typeof AgentParams>, 'idempotencyKey'>,
): RunRequest {
  const agentIdOfKey = fields.sessionKey?.toLowerCase().match(/^agent:([^:]+):/)?.[1];
  const agentId = fields.agentId ?? agentIdOfKey ?? settings.agents[0] ?? 'main';
  if (!settings.agents.includes(agentId)) throw new RpcRefused(`unknown agent id "${agentId}"`);
  return {
    runId,
    agentId,
    sessionKey: fullSessionKey(agentId, fields.sessionKey ?? 'main'),
    isPersistent: true,
    isRecovery: false,
    message: fields.message,
    prompt: fields.message,
    timeoutSeconds: fields.timeout ?? null,
    trigger: 'user',
  };
}

async function admitAndRun(gateway: Gateway, request: RunRequest): Promise<Outcome | null> {
  // Hook and cron runs share the slots; a WebSocket run waits only for its session.
  const entry = await gateway.memory.admission.enter({
    sessionKey: request.sessionKey,
    usesSlot: false,
    timeoutMs: null,
    signal: new AbortController().signal,
  });
  if (typeof entry !== 'function') return null;
  const end = await startRun(gateway, request).ended;
  if (end) entry();
  return end;
}

const WaitParams = z.object({ runId: z.string().min(1), timeoutMs: z.number().min(0).default(30_000) });

/** Returns the end of a run. `timeout` is the answer for an unknown run as well as for a run that has not ended. */
async function waitForAgent({ memory, settings }: Gateway, params: unknown) {
  const { runId, timeoutMs } = parse(WaitParams, 'agent.wait', params);
  const timer = new AbortController();
  const timedOut = pause(Math.min(timeoutMs, 2 ** 31 - 1), null, { signal: timer.signal, ref: false }).catch(
    () => null,
  );
  const end = await Promise.race([memory.rpcRuns.get(runId)?.ended ?? timedOut, timedOut]);
  timer.abort();
  if (end === null) return { runId, status: 'timeout' };
  return waitAnswer(runId, end, settings.waitTextCharactersMax);
}

function parse<Schema extends z.ZodType>(schema: Schema, method: string, params: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  throw new RpcRefused(`invalid ${method} params: ${firstProblem(parsed.error, params)}`);
}

/** Describes the first problem of parameters, with OpenClaw's text for a missing property. */
export function firstProblem({ issues: [issue] }: z.ZodError, params: unknown): string {
  const name = issue?.path.join('.') ?? '';
  const isAbsent = issue?.path.length === 1 && !Object.hasOwn(Object(params), name);
  return isAbsent ? `must have required property '${name}'` : `${name}: ${issue?.message}`;
}
