import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { OperationTypeNode } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { HttpFailure } from '../platform/graphql/http-error.ts';
import { type Answer, SocketClosing } from '../platform/graphql/socket-protocol.ts';
import { type SocketControl, serveGraphqlSockets } from '../platform/graphql/sockets.ts';
import { actorKey } from '../platform/identity/actor.ts';
import { DomainError } from '../platform/input/errors.ts';
import type { Logger } from '../platform/process/log.ts';
import type { Admission } from './admission.ts';
import type { GatewayContext } from './context.ts';
import type { Documents } from './documents.ts';
import { REQUEST_BYTES_MAX, REQUEST_VALUES_MAX } from './limits.ts';
import { requireOperation } from './operations.ts';
import type { CheckOrigin } from './origins.ts';
import { formatPublicError, publicError } from './public-error.ts';
import type { Queries } from './queries.ts';
import { RequestRefused } from './request-refused.ts';
import type { Authenticate, SignIn } from './sign-in.ts';
import type { Subscriptions } from './subscriptions/subscriptions.ts';

export interface SocketServerOptions {
  app: FastifyInstance;
  documents: Documents;
  queries: Queries;
  subscriptions: Subscriptions;
  authenticate: Authenticate;
  admission: Admission;
  checkOrigin: CheckOrigin;
  /** The most sockets that are open at a time. */
  socketsMax: number;
  operationsMax: number;
  /** The most bytes that all clients together may leave unread. */
  unreadBytesMax: number;
  log: Logger;
}

const CLOSE = { tryAgainLater: 1013, forbidden: 4403 } as const;

const INIT_WAIT_MS = 3_000;
/** The longest timer of Node, 24 days. The socket of a token that lasts longer is closed then, and the client reconnects. */
const TIMER_MS_MAX = 2 ** 31 - 1;
/** One socket may leave an eighth of all unread bytes, and one person a quarter. */
const SHARE = { socket: 1 / 8, owner: 1 / 4 } as const;

const CROWDED: HttpFailure = {
  status: 503,
  code: 'UNAVAILABLE',
  message: 'Too many WebSockets are open now. Try again later.',
  headers: { 'retry-after': '5' },
};
const EXPIRED = 'The access token has expired';

interface Session extends SignIn {
  readonly expiry?: NodeJS.Timeout;
}

/**
 * Serves queries, mutations and subscriptions over graphql-ws at /graphql. Clients sign in with
 * `connectionParams.authorization`.
 *
 * A socket is closed with 4403 when the sign-in is invalid or expires, with 1013 when it cannot be checked, and with 1012
 * at shutdown. The client of graphql-ws reconnects after each of them, and can send a new token. Nothing that arrives
 * after the closing frame is carried out.
 */
export function serveSockets(options: SocketServerOptions): { close(): Promise<void> } {
  const { app, checkOrigin, subscriptions, socketsMax, unreadBytesMax, log } = options;
  const server = serveGraphqlSockets<Session>({
    app,
    messageBytesMax: REQUEST_BYTES_MAX,
    messageValuesMax: REQUEST_VALUES_MAX,
    initWaitMs: INIT_WAIT_MS,
    unread: {
      socket: unreadBytesMax * SHARE.socket,
      owner: unreadBytesMax * SHARE.owner,
      all: unreadBytesMax,
    },
    // Browsers let every web page open a socket to every address.
    refuse: (request, open) => checkOrigin(request) ?? (open < socketsMax ? null : CROWDED),
    log,
    hooks: (socket) => ({
      connect: (params) => signIn(options, params, socket),
      disconnect: ({ expiry }) => clearTimeout(expiry),
      answer: (session, payload, atWork) => answer(options, socket, session, payload, atWork),
      formatFault: (fault) => formatPublicError(fault, log),
    }),
  });
  return {
    close() {
      const closed = server.close();
      subscriptions.close();
      return closed;
    },
  };
}

async function signIn(
  { authenticate }: SocketServerOptions,
  params: Readonly<Record<string, unknown>>,
  socket: SocketControl,
): Promise<Session> {
  const authorization = params['authorization'] ?? params['Authorization'];
  const signedIn = await authenticate(typeof authorization === 'string' ? authorization : undefined).catch(
    (error: unknown) => {
      if (error instanceof DomainError && error.code === 'UNAUTHENTICATED')
        throw new SocketClosing(CLOSE.forbidden, error.message);
      throw new SocketClosing(CLOSE.tryAgainLater, 'Sign-in cannot be checked now');
    },
  );
  socket.belongsTo(actorKey(signedIn.actor));
  if (signedIn.expiresAt === undefined) return signedIn;
  return { ...signedIn, expiry: closeAt(socket, signedIn.expiresAt) };
}

const closeAt = (socket: SocketControl, at: number): NodeJS.Timeout =>
  setTimeout(
    () => socket.close(CLOSE.forbidden, EXPIRED),
    Math.min(Math.max(0, at - Date.now()), TIMER_MS_MAX),
  );

/** Answers an operation: a subscription at once if its document may be read at once, so that it can be left at once. */
function answer(
  options: SocketServerOptions,
  socket: SocketControl,
  session: Session,
  payload: SubscribePayload,
  atWork: number,
): Answer | Promise<Answer> {
  const requestId = randomUUID();
  const log = options.log.child({ requestId });
  const context = { actor: session.actor, address: socket.address, requestId, log };
  const refusal = (error: unknown): Answer => {
    if (error instanceof SocketClosing) throw error;
    const errors = error instanceof RequestRefused ? error.errors : [error];
    return { errors: errors.map((each) => formatPublicError(each, log)) };
  };
  const begin = () => {
    requireToken(session);
    return carryOut(options, context, payload, socket.holds);
  };
  try {
    if (atWork > options.operationsMax) throw tooManyOperations(options.operationsMax);
    const admission = options.documents.admit(payload.query, context);
    const answer = admission === null ? begin() : admission.then(begin);
    return answer instanceof Promise ? answer.catch(refusal) : answer;
  } catch (error) {
    return refusal(error);
  }
}

const tooManyOperations = (most: number) =>
  publicError('LIMIT_EXCEEDED', `A socket carries at most ${most} operations at a time.`);

/** Opens a subscription at once; a query or mutation is answered when it has been carried out. */
function carryOut(
  { documents, queries, subscriptions, admission }: SocketServerOptions,
  context: GatewayContext,
  { query, operationName, variables }: SubscribePayload,
  onQueued: SocketControl['holds'],
): Answer | Promise<Answer> {
  const document = documents.read(query, context);
  const request = { operationName, variables };
  if (requireOperation(document, operationName).operation === OperationTypeNode.SUBSCRIPTION)
    return subscriptions.subscribe({ ...request, document, context, onQueued });
  const run = async (): Promise<Answer> => {
    const leave = await admission.enter(context.actor);
    const { data, errors } = await queries.run(document, request, context).finally(leave);
    const formatted = errors.map((error) => formatPublicError(error, context.log));
    return { result: { data, ...(formatted.length > 0 && { errors: formatted }) } };
  };
  return run();
}

/** Throws for a token that has expired; the timer of the socket may be late. */
function requireToken({ expiresAt = Number.POSITIVE_INFINITY }: Session): void {
  if (expiresAt <= Date.now()) throw new SocketClosing(CLOSE.forbidden, EXPIRED);
}
