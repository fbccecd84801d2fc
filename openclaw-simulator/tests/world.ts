import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import type { CallbackBody } from '../callback.ts';
import type { SimulatorOptions } from '../options.ts';
import { type Simulator, startSimulator } from '../simulator.ts';

/** A callback as Team Board would receive it. */
export interface Received {
  headers: IncomingHttpHeaders;
  raw: string;
  body: CallbackBody;
}

export type World = Awaited<ReturnType<typeof openWorld>>;

const opened: (() => Promise<void>)[] = [];

/** Closes every world that a test opened. Pass it to `afterEach`. */
export async function closeWorlds(): Promise<void> {
  await Promise.all(opened.splice(0).map((close) => close()));
}

/** Starts a simulator whose model answers at once, and a receiver of its callbacks. */
export async function openWorld(options: SimulatorOptions = {}) {
  const receiver = await openReceiver();
  const simulator = await startSimulator({
    callbackUrl: receiver.url,
    delayMs: 0,
    modelRetryMs: 1,
    ...options,
  });
  opened.push(() => simulator.stop(), receiver.close);
  return { simulator, receiver, ...clientOf(simulator) };
}

/** Starts a server that answers callbacks with the statuses given to `refuse`, then with 200. */
async function openReceiver() {
  const received: Received[] = [];
  const refusals: number[] = [];
  let arrived = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    const raw = await text(request);
    received.push({ headers: request.headers, raw, body: JSON.parse(raw) });
    response.writeHead(refusals.shift() ?? 200).end('{}');
    arrived.resolve();
    arrived = Promise.withResolvers<void>();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/agents/callback`,
    received,
    refuse: (...statuses: number[]) => refusals.push(...statuses),
    /** Resolves when `count` callbacks have arrived. Only the time limit of the test ends the wait. */
    async until(count: number): Promise<Received[]> {
      while (received.length < count) await arrived.promise;
      return received;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The fields that Team Board posts to /hooks/agent, with changes. */
export const hookBody = (fields: object = {}) => ({
  message: 'work',
  name: 'TeamBoard',
  agentId: 'main',
  sessionKey: 'task:1',
  sessionMode: 'persistent',
  deliver: false,
  wakeMode: 'next-heartbeat',
  ...fields,
});

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies have three shapes; the assertions check them
  body: any;
}

export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const content = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return {
    status: response.status,
    headers: response.headers,
    text: content,
    body: isJson ? JSON.parse(content) : content,
  };
}

function clientOf(simulator: Simulator) {
  const hooksAuthorization = { authorization: `Bearer ${simulator.hooksToken}` };
  const gatewayAuthorization = { authorization: `Bearer ${simulator.gatewayToken}` };
  const raw = (path: string, body: string, headers: Record<string, string> = {}) =>
    ask(simulator.url + path, { method: 'POST', body, headers: { ...hooksAuthorization, ...headers } });
  return {
    raw,
    /** POST /hooks/agent with the correct token. */
    post: (fields: object, headers: Record<string, string> = {}) =>
      raw('/hooks/agent', JSON.stringify(fields), headers),
    get: (path: string, headers: Record<string, string> = gatewayAuthorization) =>
      ask(simulator.url + path, { headers }),
    history: (key: string, query = '') =>
      ask(`${simulator.url}/sessions/${encodeURIComponent(key)}/history${query}`, {
        headers: gatewayAuthorization,
      }),
    control: (change: object) =>
      ask(`${simulator.url}/__simulator`, {
        method: 'POST',
        body: JSON.stringify(change),
        headers: { 'content-type': 'application/json' },
      }),
    rpc: (connectParams: object = {}) => connectRpc(simulator, connectParams),
  };
}

/** Polls a condition until it holds, for at most five seconds. Throws after that. */
export async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 5) {
    if (waitedMs > 5000) throw new Error(`Not within five seconds: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Sends a POST and closes the connection when `mayDisconnect` has resolved. */
export async function postAndDisconnect(
  simulator: Simulator,
  fields: object,
  mayDisconnect: () => Promise<void>,
): Promise<void> {
  const request = httpRequest(`${simulator.url}/hooks/agent`, {
    method: 'POST',
    headers: { authorization: `Bearer ${simulator.hooksToken}` },
  });
  request.on('error', () => {});
  request.end(JSON.stringify(fields));
  await mayDisconnect();
  request.destroy();
}

// biome-ignore lint/suspicious/noExplicitAny: frames have many shapes; the assertions check them
type Frame = any;

async function connectRpc(simulator: Simulator, connectParams: object) {
  const socket = new WebSocket(simulator.url.replace('http', 'ws'));
  opened.push(async () => socket.terminate());
  const frames: Frame[] = [];
  const waiting = new Map<string, (frame: Frame) => void>();
  const challenge = Promise.withResolvers<Frame>();
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data));
    frames.push(frame);
    if (frame.type === 'event') challenge.resolve(frame);
    waiting.get(frame.id)?.(frame);
  });
  const closed = once(socket, 'close');
  const upgrade = once(socket, 'upgrade');
  let lastId = 0;
  const methods = new Map<string, string>();
  const call = (method: string, params: object = {}): Promise<Frame> =>
    new Promise((resolve) => {
      const id = String(++lastId);
      waiting.set(id, resolve);
      methods.set(id, method);
      socket.send(JSON.stringify({ type: 'req', id, method, params }));
    });
  const [response] = await upgrade;
  const hello = {
    minProtocol: 4,
    maxProtocol: 4,
    client: { id: 'gateway-client', version: '1.0.0', platform: 'node', mode: 'backend' },
    role: 'operator',
    scopes: ['operator.read', 'operator.write'],
    auth: { token: simulator.gatewayToken },
    ...connectParams,
  };
  return {
    socket,
    closed,
    challenge: await challenge.promise,
    upgradeHeaders: response.headers as IncomingHttpHeaders,
    call,
    /** All answers to a method so far, in the order of arrival. */
    answersTo: (method: string) => frames.filter(({ id }) => methods.get(id) === method),
    connect: () => call('connect', hello),
  };
}
