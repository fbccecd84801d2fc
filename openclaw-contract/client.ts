import { WebSocket } from 'ws';
import { until } from '../platform/testing/wait.ts';
import type { Subject } from './subject.ts';

/** An answer over HTTP; `body` is parsed when it is JSON, else text. */
export interface Answer {
  status: number;
  contentType: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of three shapes; the cases say which they expect.
  body: any;
}

/** More than a model that answers 500 is tried for. */
const ANSWER_TIMEOUT_MS = 240_000;
/** A gateway that has just started takes its time. */
const FRAME_TIMEOUT_MS = 60_000;

/** POST /hooks/agent as Team Board sends it; the fields given stand out. */
export const order = (sessionKey: string, markers: string, fields: object = {}) => ({
  message: `${markers} (session ${sessionKey})`,
  name: 'TeamBoard',
  agentId: 'main',
  sessionKey,
  sessionMode: 'persistent',
  deliver: false,
  wakeMode: 'next-heartbeat',
  ...fields,
});

/** Posts to a hook, by default with the right token. */
export const post = (
  subject: Subject,
  path: string,
  fields: object,
  headers: Record<string, string> = {},
  timeoutMs = ANSWER_TIMEOUT_MS,
) =>
  ask(`${subject.url}${path}`, {
    signal: AbortSignal.timeout(timeoutMs),
    method: 'POST',
    headers: {
      authorization: `Bearer ${subject.hooksToken}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(fields),
  });

export const postAgent = (subject: Subject, fields: object, headers: Record<string, string> = {}) =>
  post(subject, '/hooks/agent', fields, headers);

/** Posts an order and waits for the end of its run; hangs up after `timeoutMs`. */
export const run = (
  subject: Subject,
  fields: object,
  headers: Record<string, string> = {},
  timeoutMs = ANSWER_TIMEOUT_MS,
) => post(subject, '/hooks/agent', { ...fields, waitForCompletion: true }, headers, timeoutMs);

/** GET with the gateway token. */
export const get = (subject: Subject, path: string) =>
  ask(`${subject.url}${path}`, { headers: { authorization: `Bearer ${subject.gatewayToken}` } });

/** The history of a session by its full key. */
export const history = (subject: Subject, fullKey: string) =>
  get(subject, `/sessions/${encodeURIComponent(fullKey)}/history`);

async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const contentType = response.headers.get('content-type') ?? '';
  const body = contentType.startsWith('application/json') ? JSON.parse(text) : text;
  return { status: response.status, contentType, body };
}

// biome-ignore lint/suspicious/noExplicitAny: frames of many shapes; the cases say which they expect.
type Frame = any;

/** One request over the WebSocket with the shared gateway token: the answers to `connect` and to the request. */
export async function rpc(subject: Subject, method: string, params: object) {
  const socket = new WebSocket(subject.url.replace('http', 'ws'));
  const frames: Frame[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data))));
  const received = (what: string, isIt: (frame: Frame) => boolean): Promise<Frame> =>
    until(what, () => frames.find(isIt), FRAME_TIMEOUT_MS);
  const request = (name: string, content: object) => {
    socket.send(JSON.stringify({ type: 'req', id: name, method: name, params: content }));
    return received(`the answer to ${name}`, ({ type, id }) => type === 'res' && id === name);
  };
  try {
    await received('the challenge', ({ event }) => event === 'connect.challenge');
    const hello = await request('connect', {
      minProtocol: 4,
      maxProtocol: 4,
      client: { id: 'gateway-client', version: '1.0.0', platform: 'node', mode: 'backend' },
      role: 'operator',
      scopes: ['operator.read', 'operator.write'],
      auth: { token: subject.gatewayToken },
    });
    return { hello, answer: await request(method, params) };
  } finally {
    socket.terminate();
  }
}
