import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway, Memory } from './gateway.ts';
import { hasGatewayToken, unauthorized } from './history.ts';
import { send } from './http.ts';

/** The version of OpenClaw whose contract is simulated. */
export const OPENCLAW_VERSION = '2026.9.6';

/** GET /healthz, /readyz and /startupz, without a token. Returns false for any other path. */
export function probe(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): boolean {
  const answer = PROBES[path]?.(gateway);
  if (!answer) return false;
  if (request.method === 'GET' || request.method === 'HEAD') send.json(response, answer.status, answer.body);
  else send.methodNotAllowed(response, 'GET, HEAD');
  return true;
}

const PROBES: Readonly<Record<string, (gateway: Gateway) => { status: number; body: object }>> = {
  '/healthz': () => ({ status: 200, body: { ok: true, status: 'live' } }),
  '/readyz': ({ isDraining, memory }) => ({
    status: isDraining ? 503 : 200,
    body: { ready: !isDraining, failing: isDraining ? ['draining'] : [], uptimeMs: uptimeMs(memory) },
  }),
  '/startupz': ({ memory }) => ({
    status: 200,
    body: { ok: true, status: 'started', version: OPENCLAW_VERSION, uptimeMs: uptimeMs(memory) },
  }),
};

/** The time since the gateway started. */
export const uptimeMs = ({ startedAt }: Memory) => Date.now() - startedAt;

/** GET /v1/models: lists the agents as models. */
export function models(gateway: Gateway, request: IncomingMessage, response: ServerResponse) {
  if (!hasGatewayToken(gateway, request)) return unauthorized(response);
  if (request.method !== 'GET') return send.methodNotAllowed(response, 'GET');
  const ids = [
    'openclaw',
    'openclaw/default',
    ...gateway.settings.agents.map((agent) => `openclaw/${agent}`),
  ];
  const data = ids.map((id) => ({ id, object: 'model', created: 0, owned_by: 'openclaw', permission: [] }));
  send.json(response, 200, { object: 'list', data });
}
