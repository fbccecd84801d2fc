import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A callback of OpenClaw, unchanged. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A proxy between OpenClaw and Team Board that captures every callback. */
export interface Relay {
  readonly url: string;
  /** The last 300 callbacks that Team Board accepted, newest last. */
  readonly delivered: readonly Message[];
  /** The next callback waits until another callback was forwarded, for 2 s at most. */
  reorderNext(): void;
  close(): Promise<void>;
}

const DELIVERED_KEPT = 300;
const REORDER_WAIT_MS = 2_000;
const FORWARDED_HEADERS = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];

/** Starts a relay on loopback that forwards callbacks to `callbackUrl`. */
export async function startRelay(callbackUrl: string): Promise<Relay> {
  const delivered: Message[] = [];
  let isReordering = false;
  let nextForwarded = Promise.withResolvers<void>();

  async function forward(message: Message): Promise<number> {
    if (isReordering) {
      isReordering = false;
      await Promise.race([nextForwarded.promise, pause(REORDER_WAIT_MS)]);
    }
    const { status } = await postCallback(callbackUrl, message);
    nextForwarded.resolve();
    nextForwarded = Promise.withResolvers();
    if (status === 200) delivered.push(message);
    if (delivered.length > DELIVERED_KEPT) delivered.shift();
    return status;
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = await request.toArray();
    const headers = Object.fromEntries(
      FORWARDED_HEADERS.map((name) => [name, String(request.headers[name] ?? '')]),
    );
    const status = await forward({ headers, body: Buffer.concat(chunks) }).catch(() => 503);
    response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delivered,
    reorderNext: () => {
      isReordering = true;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Posts a callback and returns Team Board's answer. Rejects when there is no answer within 10 s. */
export async function postCallback(callbackUrl: string, { headers, body }: Message) {
  const response = await fetch(callbackUrl, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = (await response.json().catch(() => ({}))) as { status?: string };
  return { status: response.status, outcome: answer.status ?? '' };
}
