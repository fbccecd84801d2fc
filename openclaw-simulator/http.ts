import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Sends JSON, plain text, and OpenClaw's error bodies. */
export const send = {
  json: (response: ServerResponse, status: number, body: unknown) =>
    write(response, status, 'application/json; charset=utf-8', JSON.stringify(body)),
  text: (response: ServerResponse, status: number, body: string) =>
    write(response, status, 'text/plain; charset=utf-8', body),
  /** `{ok:false,error}`, the errors of /hooks. */
  refusal: (response: ServerResponse, status: number, error: string, more: object = {}) =>
    send.json(response, status, { ok: false, error, ...more }),
  /** `{ok:false,error:{type,message}}`, the errors of /sessions. */
  typed: (response: ServerResponse, status: number, type: string, message: string) =>
    send.json(response, status, { ok: false, error: { type, message } }),
  methodNotAllowed: (response: ServerResponse, allow: string) => {
    response.setHeader('allow', allow);
    send.text(response, 405, 'Method Not Allowed');
  },
  notFound: (response: ServerResponse) => send.text(response, 404, 'Not Found'),
  /** The 503 of a gateway that is shutting down, which has its own shape. */
  unavailable: (response: ServerResponse) =>
    send.json(response, 503, {
      error: {
        message: 'Gateway is temporarily unavailable while suspending or restarting',
        type: 'service_unavailable',
        code: 'gateway_unavailable',
      },
    }),
};

function write(response: ServerResponse, status: number, contentType: string, body: string): void {
  if (response.destroyed) return;
  response
    .writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
    .end(body);
}

export type Body = Buffer | 'too-large' | 'timeout' | 'gone';

/**
 * Reads the body of a request, at most `bytesMax` bytes within `timeoutMs`. The rest of a larger body is read and
 * discarded: closing at once would reset the connection before the client has read the answer.
 */
export function readBody(request: IncomingMessage, bytesMax: number, timeoutMs: number): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (body: Body) => {
      clearTimeout(timer);
      request.removeAllListeners('data').resume();
      resolve(body);
    };
    const timer = setTimeout(finish, timeoutMs, 'timeout' as const);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) finish('too-large');
      else chunks.push(chunk);
    });
    request.once('end', () => finish(Buffer.concat(chunks)));
    request.once('close', () => finish('gone'));
    request.once('error', () => finish('gone'));
  });
}

/** Returns the token of `Authorization: Bearer …`, or null. */
export function bearerToken(request: IncomingMessage): string | null {
  return request.headers.authorization?.match(/^bearer\s+(.+)$/i)?.[1]?.trim() ?? null;
}

/** Returns the first value of a header, or null. */
export function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value)?.trim() ?? null;
}

/** Compares tokens in constant time. */
export const isSameToken = (given: string | null, expected: string) =>
  given !== null && timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'));
