import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Gateway } from './gateway.ts';
import { isSameToken } from './http.ts';
import { OPENCLAW_VERSION, uptimeMs } from './probes.ts';
import { firstProblem, methodFor, RpcRefused } from './rpc.ts';

const PROTOCOL = 4;
const POLICY_VIOLATION = 1008;
const PROTOCOL_ERROR = 1002;

const Frame = z.object({
  type: z.literal('req'),
  id: z.string(),
  method: z.string(),
  params: z.unknown().optional(),
});
type Frame = z.infer<typeof Frame>;

const ConnectParams = z.object({
  client: z.object({ id: z.string() }),
  minProtocol: z.number(),
  maxProtocol: z.number(),
  role: z.string().default('operator'),
  scopes: z.array(z.string()).default([]),
  auth: z.object({ token: z.string().nullable().default(null) }).default({ token: null }),
});

/** Serves the gateway's WebSocket on every path of `server`, as OpenClaw does. */
export function attachWebSocket(gateway: Gateway, server: Server): WebSocketServer {
  const sockets = new WebSocketServer({ server });
  // The HTTP server reports a port that is in use. Without a listener the same error here would end the process.
  sockets.on('error', () => {});
  sockets.on('headers', (headers) => headers.push('x-openclaw-simulator: true'));
  sockets.on('connection', (socket) => serve(gateway, socket));
  return sockets;
}

function serve(gateway: Gateway, socket: WebSocket): void {
  let scopes: readonly string[] | null = null;
  const reply = (id: string, answer: object) => socket.send(JSON.stringify({ type: 'res', id, ...answer }));
  socket.on('error', () => socket.terminate());
  socket.on('message', (data) => {
    const frame = readFrame(String(data));
    if (!frame) return socket.close(1000);
    if (scopes) {
      void call(gateway, frame, scopes, (answer) => reply(frame.id, answer));
      return;
    }
    const result = connect(gateway, frame);
    reply(frame.id, result.answer);
    if (result.scopes) scopes = result.scopes;
    else socket.close(result.closeCode, result.reason);
  });
  const payload = { nonce: randomUUID(), ts: Date.now() };
  socket.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload }));
}

function readFrame(text: string): Frame | null {
  try {
    return Frame.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

interface ConnectResult {
  answer: object;
  /** The client's scopes; null when the connection was refused. */
  scopes: readonly string[] | null;
  closeCode: number;
  reason: string;
}

function connect({ settings, memory }: Gateway, { method, params }: Frame): ConnectResult {
  if (method !== 'connect') return refuseConnection('invalid handshake: first request must be connect');
  const parsed = ConnectParams.safeParse(params);
  if (!parsed.success)
    return refuseConnection(`invalid connect params: ${firstProblem(parsed.error, params)}`);
  const { minProtocol, maxProtocol, auth, role, scopes } = parsed.data;
  if (minProtocol > PROTOCOL || maxProtocol < PROTOCOL) {
    const details = { code: 'PROTOCOL_MISMATCH', expectedProtocol: PROTOCOL };
    return { ...refuseConnection('protocol mismatch', details), closeCode: PROTOCOL_ERROR };
  }
  if (auth.token === null) {
    // OpenClaw can also admit a client by its device; the simulator has no devices.
    return refuseConnection('device identity required', { code: 'DEVICE_IDENTITY_REQUIRED' }, 'NOT_PAIRED');
  }
  if (!isSameToken(auth.token, settings.gatewayToken)) {
    const details = { code: 'AUTH_TOKEN_MISMATCH', authReason: 'token_mismatch' };
    return refuseConnection('unauthorized: gateway token mismatch (provide gateway auth token)', details);
  }
  const payload = {
    type: 'hello-ok',
    protocol: PROTOCOL,
    server: { version: OPENCLAW_VERSION, bootId: memory.bootId, connId: randomUUID(), simulator: true },
    snapshot: { uptimeMs: uptimeMs(memory) },
    auth: { role, scopes },
  };
  return { answer: { ok: true, payload }, scopes, closeCode: 1000, reason: '' };
}

function refuseConnection(reason: string, details?: object, code = 'INVALID_REQUEST'): ConnectResult {
  const answer = { ok: false, error: { code, message: reason, ...(details && { details }) } };
  return { answer, scopes: null, closeCode: POLICY_VIOLATION, reason };
}

async function call(
  gateway: Gateway,
  { method: name, params }: Frame,
  scopes: readonly string[],
  reply: (answer: object) => void,
): Promise<void> {
  try {
    const method = methodFor(name, scopes);
    reply({ ok: true, payload: await method.call(gateway, params ?? {}, reply) });
  } catch (error) {
    if (error instanceof RpcRefused) {
      const { code, message, details } = error;
      return reply({ ok: false, error: { code, message, ...(details && { details }) } });
    }
    gateway.settings.log.warn({ err: error, method: name }, 'simulator.rpc-failed');
    reply({ ok: false, error: { code: 'UNAVAILABLE', message: 'internal error' } });
  }
}
