import type { Settings } from './options.ts';

/** The fields of POST /hooks/agent that define a run: two posts with equal fields and the same key are one run. */
export interface HookPayload {
  message: string;
  name: string;
  agentId: string;
  sessionKey: string | null;
  sessionMode: 'isolated' | 'persistent';
  wakeMode: 'now' | 'next-heartbeat';
  deliver: boolean;
  channel: string | null;
  to: string | null;
  model: string | null;
  thinking: string | null;
  timeoutSeconds: number | null;
}

/** A refusal whose message becomes the body of a 400. */
export class HookRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'HookRefused';
  }
}

export interface HookRequest {
  payload: HookPayload;
  waitsForCompletion: boolean;
}

/** Reads the fields of a body; ignores unknown ones. Throws HookRefused with OpenClaw's text, checked in its order. */
export function readHookRequest(settings: Settings, fields: Record<string, unknown>): HookRequest {
  const wait = fields['waitForCompletion'] === undefined ? false : fields['waitForCompletion'];
  if (typeof wait !== 'boolean') throw new HookRefused('waitForCompletion must be boolean');
  const message = textOf(fields['message']);
  if (message === null) throw new HookRefused('message required');
  const deliver = fields['deliver'] !== false;
  const channel = textOf(fields['channel']);
  if (deliver && channel !== null && channel !== 'last') throw new HookRefused('channel must be last');
  const model = textIfGiven(fields['model'], 'model required');
  const agentId = readAgentId(settings, fields['agentId']);
  const sessionMode = readSessionMode(fields['sessionMode']);

  const payload: HookPayload = {
    message,
    name: textOf(fields['name']) ?? 'Hook',
    agentId,
    sessionKey: readSessionKey(settings, fields['sessionKey'], sessionMode),
    sessionMode,
    wakeMode: fields['wakeMode'] === 'next-heartbeat' ? 'next-heartbeat' : 'now',
    deliver,
    channel,
    to: textOf(fields['to']),
    model,
    thinking: textOf(fields['thinking']),
    timeoutSeconds: readTimeout(fields['timeoutSeconds']),
  };
  return { payload, waitsForCompletion: wait };
}

/** Parses a body as a JSON object. An empty body or another JSON value has no fields. Throws HookRefused. */
export function readFields(body: Buffer): Record<string, unknown> {
  const text = body.toString('utf8').trim();
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    throw new HookRefused((error as Error).message);
  }
}

/** Returns the trimmed text, or null for a blank text or a value of another type. */
export const textOf = (value: unknown) =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null;

/** Returns the text, or null when the field is absent. Throws HookRefused for a blank text or another type. */
function textIfGiven(value: unknown, error: string): string | null {
  if (value === undefined) return null;
  const text = textOf(value);
  if (text === null) throw new HookRefused(error);
  return text;
}

/** Returns the agent that a body names, or the default agent. Throws HookRefused when hooks may not start it. */
export function readAgentId({ agents, acceptAnyAgent, allowedAgentIds }: Settings, value: unknown): string {
  const given = textIfGiven(value, 'agentId must be a non-empty string');
  if (given === null) return agents[0] ?? 'main';
  const agentId = given.toLowerCase();
  if (!acceptAnyAgent && !agents.includes(agentId)) throw new HookRefused(`unknown agentId "${agentId}"`);
  if (allowedAgentIds && !allowedAgentIds.includes(agentId)) {
    throw new HookRefused('agentId is not allowed by hooks.allowedAgentIds');
  }
  return agentId;
}

function readSessionMode(value: unknown): HookPayload['sessionMode'] {
  if (value === undefined) return 'isolated';
  if (value === 'isolated' || value === 'persistent') return value;
  throw new HookRefused('sessionMode must be isolated or persistent');
}

function readSessionKey(settings: Settings, value: unknown, mode: HookPayload['sessionMode']): string | null {
  const sessionKey = textOf(value);
  if (sessionKey !== null) checkSessionKey(settings, sessionKey);
  else if (mode === 'persistent')
    throw new HookRefused('sessionKey is required when sessionMode is persistent');
  return sessionKey?.toLowerCase() ?? null;
}

function checkSessionKey(
  { allowRequestSessionKey, allowedSessionKeyPrefixes: prefixes }: Settings,
  key: string,
): void {
  if (!allowRequestSessionKey) {
    throw new HookRefused(
      'sessionKey is disabled for externally supplied hook payload values; set hooks.allowRequestSessionKey=true to enable',
    );
  }
  // The prefix is compared with the whole key, so a full key (agent:main:task:9) is refused too.
  if (!prefixes.some((prefix) => key.toLowerCase().startsWith(prefix))) {
    throw new HookRefused(`sessionKey must start with one of: ${prefixes.join(', ')}`);
  }
}

function readTimeout(value: unknown): number | null {
  const seconds = typeof value === 'number' && Number.isFinite(value) ? Math.floor(value) : 0;
  return seconds > 0 ? seconds : null;
}
