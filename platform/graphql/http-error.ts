import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../input/errors.ts';

/** A failure outside GraphQL. */
export interface HttpFailure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Finds the record of a fault. */
  readonly errorId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const JSON_TYPE = 'application/json';
const RESPONSE_TYPE = 'application/graphql-response+json';

/** What every answer says to browsers: no guessing of types, no frames, nothing to load, no address to others. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'same-origin',
} as const;

/** How long a client should wait before it tries again what is unavailable now. */
const RETRY_AFTER = { 'retry-after': '5' } as const;

/**
 * Answers failures outside GraphQL in the shape of a GraphQL response, in the media type that the client accepts.
 *
 * The client's own mistakes (too large, not JSON, not signed) keep their status and message. Every other error is
 * logged with its stack, and leaves as INTERNAL with an `errorId` that finds the record.
 */
export function answerHttpErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const failure = describe(error);
    if (failure.errorId) request.log.error({ err: error, errorId: failure.errorId }, 'request.failed');
    return sendFailure(request, reply, failure);
  });
  app.setNotFoundHandler((request, reply) => {
    const url = request.url.split('?')[0] ?? '';
    const allowed = app.supportedMethods.filter((method) => app.hasRoute({ method, url }));
    return sendFailure(request, reply, allowed.length > 0 ? notAllowed(allowed) : NOT_FOUND);
  });
}

/** The answer while a service stops. The client can try again elsewhere, or later. */
export const STOPPING: HttpFailure = {
  status: 503,
  code: 'UNAVAILABLE',
  message: 'This service stops. Try again later.',
  headers: { ...RETRY_AFTER, connection: 'close' },
};

const NOT_FOUND: HttpFailure = {
  status: 404,
  code: 'NOT_FOUND',
  message: 'Nothing is served at this address.',
};

const notAllowed = (methods: readonly string[]): HttpFailure => ({
  status: 405,
  code: 'BAD_REQUEST',
  message: `This address takes ${methods.join(', ')} only.`,
  headers: { allow: methods.join(', ') },
});

/** Sends a failure as `application/graphql-response+json` to a client that prefers it, otherwise as JSON. */
export const sendFailure = (request: FastifyRequest, reply: FastifyReply, failure: HttpFailure) =>
  reply
    .status(failure.status)
    .headers({ ...SECURITY_HEADERS, ...failure.headers })
    .type(`${preferredType(request.headers.accept)}; charset=utf-8`)
    .send(bodyOf(failure));

/** Writes a failure to a connection on which there is no request yet, or no more than its head. */
export function writeFailure(socket: Socket, failure: HttpFailure): void {
  const { body, headers } = rawFailure(failure);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status]}\r\n${lines.join('')}\r\n`;
  if (socket.writable) socket.end(head + body);
  socket.destroySoon();
}

/** The body and all headers of a failure, for answers that Fastify does not send. */
export function rawFailure(failure: HttpFailure, request?: IncomingMessage) {
  const body = bodyOf(failure);
  const headers = {
    ...SECURITY_HEADERS,
    ...failure.headers,
    // Written so, they replace those of ws; in small letters they would stand beside them.
    'Content-Type': `${preferredType(request?.headers.accept)}; charset=utf-8`,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  return { body, headers };
}

const bodyOf = ({ message, code, errorId }: HttpFailure): string =>
  JSON.stringify({ errors: [{ message, extensions: { code, ...(errorId && { errorId }) } }] });

function preferredType(accept = ''): string {
  const offers = accept.split(',').map((offer) => {
    const [type = '', ...parameters] = offer.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    return { type, quality: quality ? Number(quality.slice(2)) : 1 };
  });
  const qualityOf = (name: string) => offers.find(({ type }) => type === name)?.quality ?? 0;
  const [asJson, asResponse] = [qualityOf(JSON_TYPE), qualityOf(RESPONSE_TYPE)];
  if (asResponse === 0 || asResponse < asJson) return JSON_TYPE;
  const first = offers.find(({ type }) => type === JSON_TYPE || type === RESPONSE_TYPE)?.type;
  return asResponse > asJson ? RESPONSE_TYPE : (first ?? JSON_TYPE);
}

function describe(error: Error & { statusCode?: number }): HttpFailure {
  if (error instanceof DomainError) {
    const { code, message } = error;
    return { code, message, ...STATUSES[code === 'FORBIDDEN' || code === 'UNAVAILABLE' ? code : 'others'] };
  }
  const status = error.statusCode ?? 500;
  if (status < 500) return { status, code: 'BAD_REQUEST', message: MESSAGES[status] ?? error.message };
  return { status, code: 'INTERNAL', message: 'Internal error', errorId: randomUUID() };
}

/** DomainErrors outside GraphQL tell who may not come in, or that it cannot be checked now. */
const STATUSES = {
  FORBIDDEN: { status: 403 },
  UNAVAILABLE: { status: 503, headers: RETRY_AFTER },
  others: { status: 401, headers: { 'www-authenticate': 'Bearer' } },
} as const;

/** Replaces messages of Fastify that do not say what to do. */
const MESSAGES: Readonly<Record<number, string>> = {
  413: 'The request is larger than is taken here; docs/errors.md names the limits',
  415: 'Send JSON, with the header `content-type: application/json`',
};

/** Describes what Node refuses before it is a request. */
export function describeClientError({ code }: Error & { code?: string }): HttpFailure {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { status: 408, code: 'BAD_REQUEST', message: 'The request was sent too slowly.' };
  if (code === 'HPE_HEADER_OVERFLOW')
    return {
      status: 431,
      code: 'BAD_REQUEST',
      message: 'The headers of the request are larger than is taken here.',
    };
  return { status: 400, code: 'BAD_REQUEST', message: 'This is not a request of HTTP.' };
}

export const MALFORMED_HOST: HttpFailure = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'The header `host` is missing or malformed.',
};

export const MALFORMED_ADDRESS: HttpFailure = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'The address of the request is malformed.',
};
