const TIMEOUT_MS = 10_000;

/** How a client with a shared token introduces itself. */
const introduction = (token: string) => ({
  minProtocol: 4,
  maxProtocol: 4,
  client: { id: 'gateway-client', version: '1.0.0', platform: 'node', mode: 'backend' },
  role: 'operator',
  scopes: ['operator.read', 'operator.write'],
  caps: [],
  commands: [],
  permissions: {},
  auth: { token },
});

interface Frame {
  type?: string;
  event?: string;
  id?: string;
  ok?: boolean;
  payload?: { status?: string };
  error?: { message?: string };
}

/** `idle`: nothing runs in the session, or not yet: a run begins up to 3 seconds after OpenClaw admitted it. */
export type AbortOutcome = 'aborted' | 'idle';

/**
 * Stops what a session does, by `sessions.abort` over OpenClaw's WebSocket: OpenClaw offers no route for it over HTTP.
 *
 * Resolves when OpenClaw has answered; the callback reports the end of the run itself.
 * Throws when OpenClaw does not answer within 10 seconds, or refuses.
 */
export function abortSession(
  openClawUrl: string,
  gatewayToken: string,
  sessionKey: string,
): Promise<AbortOutcome> {
  const url = new URL(openClawUrl);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url);
  const { promise, resolve, reject } = Promise.withResolvers<AbortOutcome>();
  const timer = setTimeout(() => reject(new Error('OpenClaw did not answer on its socket')), TIMEOUT_MS);
  const send = (id: string, method: string, params: object) =>
    socket.send(JSON.stringify({ type: 'req', id, method, params }));

  socket.onerror = () => reject(new Error('OpenClaw cannot be reached on its socket'));
  socket.onclose = () => reject(new Error('OpenClaw closed its socket before it answered'));
  socket.onmessage = ({ data }) => {
    const frame = readFrame(data);
    if (frame.event === 'connect.challenge') return send('connect', 'connect', introduction(gatewayToken));
    if (frame.type !== 'res') return undefined;
    if (!frame.ok) return reject(new Error(`OpenClaw refused: ${frame.error?.message ?? 'no reason given'}`));
    if (frame.id === 'connect') return send('abort', 'sessions.abort', { key: sessionKey });
    return resolve(frame.payload?.status === 'aborted' ? 'aborted' : 'idle');
  };
  return promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

function readFrame(data: unknown): Frame {
  try {
    return JSON.parse(String(data)) as Frame;
  } catch {
    return {};
  }
}
