import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { until } from '../platform/testing/wait.ts';

/** The fields of a callback that Team Board reads. */
const Body = z.object({
  runId: z.string(),
  sessionKey: z.string(),
  agentId: z.string(),
  trigger: z.string().nullable(),
  success: z.boolean(),
  aborted: z.boolean(),
  text: z.string(),
  error: z.string().nullable(),
  stopReason: z.string().nullable(),
  usage: z.object({ input: z.number(), output: z.number(), totalTokens: z.number() }).nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  attempts: z.number(),
  startedAt: z.number(),
  endedAt: z.number(),
  durationMs: z.number(),
});

/** One received callback, accepted or refused. */
export interface Callback {
  webhookId: string;
  isSigned: boolean;
  /** The status of the answer. */
  status: number;
  body: z.infer<typeof Body>;
}

/** Stands in for Team Board's POST /agents/callback. It accepts callbacks, refuses them, or is unreachable. */
export interface Receiver {
  readonly url: string;
  /** The callbacks of one session, oldest first. `sessionKey` is the key without `agent:<agentId>:`. */
  of(sessionKey: string): Callback[];
  /** Waits for `count` accepted callbacks of a session and returns them. */
  accepted(sessionKey: string, count?: number): Promise<Callback[]>;
  /** Answers the next `times` callbacks of a session with 503. */
  refuse(sessionKey: string, times: number): void;
  /** Refuses all connections until `startListening`. */
  stopListening(): Promise<void>;
  startListening(): Promise<void>;
}

/** Longer than the slowest case: a model call that is answered 500 is attempted for a minute and a half. */
const CALLBACK_TIMEOUT_MS = 170_000;

/** Starts a receiver on a free port of loopback. It verifies each callback with the reference library. */
export async function startReceiver(secret: string): Promise<Receiver> {
  const callbacks: Callback[] = [];
  const refusals = new Map<string, number>();
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const raw = await readText(request);
    const body = Body.parse(JSON.parse(raw));
    const left = refusals.get(shortKey(body.sessionKey)) ?? 0;
    if (left > 0) refusals.set(shortKey(body.sessionKey), left - 1);
    const status = left > 0 ? 503 : 200;
    const webhookId = String(request.headers['webhook-id']);
    callbacks.push({ webhookId, isSigned: isSigned(secret, request, raw), status, body });
    response.writeHead(status).end();
  };
  const server = createServer((request, response) => {
    take(request, response).catch((error: unknown) => {
      console.error('A callback could not be read:', error);
      response.writeHead(400).end();
    });
  });
  const port = await listen(server, 0);
  const of = (sessionKey: string) => callbacks.filter(({ body }) => shortKey(body.sessionKey) === sessionKey);
  return {
    url: `http://127.0.0.1:${port}/agents/callback`,
    of,
    accepted: (sessionKey, count = 1) =>
      until(
        `${count} callbacks of ${sessionKey}`,
        () => {
          const taken = of(sessionKey).filter(({ status }) => status === 200);
          return taken.length >= count && taken;
        },
        CALLBACK_TIMEOUT_MS,
      ),
    refuse: (sessionKey, times) => refusals.set(sessionKey, times),
    async stopListening() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
    async startListening() {
      await listen(server, port);
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const shortKey = (sessionKey: string) => sessionKey.replace(/^agent:[^:]+:/, '');

function isSigned(secret: string, { headers }: IncomingMessage, raw: string): boolean {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
  try {
    new Webhook(secret).verify(raw, Object.fromEntries(names.map((name) => [name, String(headers[name])])));
    return true;
  } catch {
    return false;
  }
}
