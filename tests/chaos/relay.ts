import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A callback of OpenClaw, as it came. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Stands between OpenClaw and the board, and sees every callback. */
export interface Relay {
  readonly url: string;
  /** Callbacks that the board has taken, newest last; the last few hundred. */
  readonly delivered: readonly Message[];
  /** The next callback waits until another one has passed it, or for a moment. */
  swapNext(): void;
  close(): Promise<void>;
}

const DELIVERED_KEPT = 300;
const SWAP_WITHIN_MS = 2_000;
const PASSED_ON = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];

/** Starts a relay on loopback that passes callbacks on to `target`. */
export async function startRelay(target: string): Promise<Relay> {
  const delivered: Message[] = [];
  let isSwapping = false;
  let passedOne = Promise.withResolvers<void>();

  async function passOn(message: Message): Promise<number> {
    if (isSwapping) {
      isSwapping = false;
      await Promise.race([passedOne.promise, pause(SWAP_WITHIN_MS)]);
    }
    const { status } = await postCallback(target, message);
    passedOne.resolve();
    passedOne = Promise.withResolvers();
    if (status === 200) delivered.push(message);
    if (delivered.length > DELIVERED_KEPT) delivered.shift();
    return status;
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = await request.toArray();
    const headers = Object.fromEntries(PASSED_ON.map((name) => [name, String(request.headers[name] ?? '')]));
    const status = await passOn({ headers, body: Buffer.concat(chunks) }).catch(() => 503);
    response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delivered,
    swapNext: () => {
      isSwapping = true;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Posts a callback and reads the board's answer. Rejects when there is none. */
export async function postCallback(target: string, { headers, body }: Message) {
  const response = await fetch(target, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = (await response.json().catch(() => ({}))) as { status?: string };
  return { status: response.status, outcome: answer.status ?? '' };
}
