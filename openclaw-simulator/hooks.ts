import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from './gateway.ts';
import { HookRefused, readAgentId, readFields, textOf } from './hook-payload.ts';
import { agentHook, type HookContent } from './hooks-agent.ts';
import { bearerToken, header, isSameToken, readBody, send } from './http.ts';

/** Handles every path under /hooks: checks the method, the hooks token and the body's bounds, then calls the hook. */
export async function hooks(gateway: Gateway, request: IncomingMessage, response: ServerResponse, url: URL) {
  if (url.searchParams.has('token')) {
    return send.text(response, 400, QUERY_TOKEN_REFUSED);
  }
  if (request.method !== 'POST') return send.methodNotAllowed(response, 'POST');
  if (!isAllowed(gateway, request, response)) return;
  if (gateway.isDraining) return send.unavailable(response);

  const body = await readBody(request, gateway.settings.bodyBytesMax, gateway.settings.bodyTimeoutMs);
  if (body === 'gone') return;
  if (body === 'too-large') return send.refusal(response, 413, 'payload too large');
  if (body === 'timeout') return send.refusal(response, 408, 'request body timeout');
  try {
    // OpenClaw parses the body before it looks up the hook.
    const fields = readFields(body);
    const hook = HOOKS[url.pathname];
    if (hook) await hook(gateway, request, response, { body, fields });
    else send.notFound(response);
  } catch (error) {
    if (!(error instanceof HookRefused)) throw error;
    send.refusal(response, 400, error.message);
  }
}

const QUERY_TOKEN_REFUSED =
  'Hook token must be provided via Authorization: Bearer <token> or X-OpenClaw-Token header (query parameters are not allowed).';

type Hook = (
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  content: HookContent,
) => Promise<void> | void;

const HOOKS: Readonly<Record<string, Hook>> = { '/hooks/agent': agentHook, '/hooks/wake': wakeHook };

function isAllowed(
  { settings, memory, counters }: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const address = request.socket.remoteAddress ?? '';
  const token = bearerToken(request) ?? header(request, 'x-openclaw-token');
  if (isSameToken(token, settings.hooksToken)) {
    memory.badTokens.reset(address);
    return true;
  }
  counters.badTokens++;
  const lockedSeconds = memory.badTokens.add(address);
  if (lockedSeconds > 0) {
    response.setHeader('retry-after', lockedSeconds);
    send.text(response, 429, 'Too Many Requests');
  } else {
    send.text(response, 401, 'Unauthorized');
  }
  return false;
}

function wakeHook(
  { memory, settings }: Gateway,
  _request: IncomingMessage,
  response: ServerResponse,
  { fields }: HookContent,
): void {
  const text = textOf(fields['text']);
  if (text === null) throw new HookRefused('text required');
  readAgentId(settings, fields['agentId']);
  const eventOutcome = memory.lastWakeText === text ? 'coalesced' : 'queued';
  memory.lastWakeText = text;
  const mode = fields['mode'] === 'next-heartbeat' ? 'next-heartbeat' : 'now';
  send.json(response, 200, { ok: true, mode, eventOutcome });
}
