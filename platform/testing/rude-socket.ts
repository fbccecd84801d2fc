import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { until } from './wait.ts';

/** A frame as a client sends it: whole and masked. `opcode` is 1 for text, 9 for a ping, 10 for a pong. */
function frame(opcode: number, content: string): Buffer {
  const payload = Buffer.from(content);
  const mask = randomBytes(4);
  const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (head.length === 2) head[1] = 0x80 | payload.length;
  if (head.length === 4) head.writeUInt16BE(payload.length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(payload.length), 2);
  if (head.length > 2) head[1] = 0x80 | (head.length === 4 ? 126 : 127);
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

/**
 * Opens a WebSocket of a client that breaks the rules: it answers no ping and no closing frame, keeps its connection until
 * the server cuts it, and reads only what the test asks for.
 */
export async function openRudeSocket(port: number) {
  const tcp = connect(port, '127.0.0.1');
  let heard = '';
  let isCut = false;
  tcp.on('data', (chunk) => {
    heard += chunk.toString('latin1');
  });
  tcp.on('error', () => undefined);
  const openedAt = Date.now();
  const cut = new Promise<number>((resolve) =>
    tcp.once('close', () => {
      isCut = true;
      resolve(Date.now() - openedAt);
    }),
  );
  tcp.write(
    [
      'GET /graphql HTTP/1.1',
      'Host: 127.0.0.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      'Sec-WebSocket-Protocol: graphql-transport-ws',
      '\r\n',
    ].join('\r\n'),
  );
  await until('it is open', () => heard.includes('101 Switching'));
  return {
    say: (message: object | string) =>
      tcp.write(frame(1, typeof message === 'string' ? message : JSON.stringify(message))),
    /** Sends a pong for which nobody asked. */
    pong: () => tcp.write(frame(10, '')),
    hears: (words: string) => until(words, () => heard.includes(words), 5_000),
    heard: () => heard,
    /** Reads nothing more. */
    stopReading: () => tcp.pause(),
    isCut: () => isCut,
    /** The milliseconds from the opening until the connection was cut. */
    cut,
    end: () => tcp.destroy(),
  };
}
