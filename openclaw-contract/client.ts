import { WebSocket } from 'ws';
import { until } from '../platform/testing/wait.ts';
import type { Subject } from './subject.ts';

/** An HTTP answer. `body` is parsed JSON, or text for other content types. */
export interface Answer {
  status: number;
  contentType: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies have three shapes; the cases state the expected one
  body: any;
}

/** Longer than all attempts of a model call that is answered 500. */
const ANSWER_TIMEOUT_MS = 240_000;
/** A gateway that has just started answers slowly. */
const FRAME_TIMEOUT_MS = 60_000;

/** The fields that Team Board posts to /hooks/agent, with changes. */
export const hookBody = (sessionKey: string, markers: string, fields: object = {}) => ({
  message: `${markers} (session ${sessionKey})`,
  name: 'TeamBoard',
  agentId: 'main',
  sessionKey,
  sessionMode: 'persistent',
  deliver: false,
  wakeMode: 'next-heartbeat',
  ...fields,
});

/** Posts to a hook, by default with the correct token. */
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

/** Posts to /hooks/agent and waits for the end of the run; disconnects after `timeoutMs`. */
export const run = (
  subject: Subject,
  fields: object,
  headers: Record<string, string> = {},
  timeoutMs = ANSWER_TIMEOUT_MS,
) => post(subject, '/hooks/agent', { ...fields, waitForCompletion: true }, headers, timeoutMs);

/** Sends a GET with the gateway token. */
export const get = (subject: Subject, path: string) =>
  ask(`${subject.url}${path}`, { headers: { authorization: `Bearer ${subject.gatewayToken}` } });

/** Requests the history of a session by its full key. */
export const history = (subject: Subject, fullKey: string) =>
  get(subject, `/sessions/${encodeURIComponent(fullKey)}/history`);

async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const contentType = response.headers.get('content-type') ?? '';
  const body = contentType.startsWith('application/json') ? JSON.parse(text) : text;
  return { status: response.status, contentType, body };
}

// biome-ignore lint/suspicious/noExplicitAny: frames have many shapes; the cases state the expected one
type Frame = any;

/** Sends one WebSocket request with the shared gateway token. Returns the answers to `connect` and to the request. */
export async function rpc(subject: Subject, method: string, params: object) {
  const socket = new WebSocket(subject.url.replace('http', 'ws'));
  const frames: Frame[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data))));
  const received = (what: string, matches: (frame: Frame) => boolean): Promise<Frame> =>
    until(what, () => frames.find(matches), FRAME_TIMEOUT_MS);
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
