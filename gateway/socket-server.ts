import { randomUUID } from 'node:crypto';
import type { ApolloServer } from '@apollo/server';
import type { FastifyInstance } from 'fastify';
import {
  type FormattedExecutionResult,
  type GraphQLError,
  getOperationAST,
  OperationTypeNode,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { HttpFailure } from '../platform/graphql/http-error.ts';
import { runWithRequestLog } from '../platform/graphql/request-log.ts';
import { type Answer, SocketClosing } from '../platform/graphql/socket-protocol.ts';
import { type SocketControl, serveGraphqlSockets } from '../platform/graphql/sockets.ts';
import { actorKey } from '../platform/identity/actor.ts';
import { DomainError } from '../platform/input/errors.ts';
import type { Logger } from '../platform/process/log.ts';
import type { GatewayContext } from './context.ts';
import { REQUEST_BYTES_MAX } from './limits.ts';
import type { CheckOrigin } from './origins.ts';
import { formatPublicError, publicError } from './public-error.ts';
import type { Authenticate, SignIn } from './sign-in.ts';
import { parseDocument, SubscriptionRefused } from './subscriptions/plan.ts';
import type { Subscriptions } from './subscriptions/subscriptions.ts';

export interface SocketServerOptions {
  app: FastifyInstance;
  /** The server that answers queries and mutations. */
  server: ApolloServer<GatewayContext>;
  subscriptions: Subscriptions;
  authenticate: Authenticate;
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

/** Answers an operation: a subscription at once, anything else when it has been carried out. */
function answer(
  options: SocketServerOptions,
  socket: SocketControl,
  { actor, expiresAt = Number.POSITIVE_INFINITY }: Session,
  { query, variables, operationName: name }: SubscribePayload,
  atWork: number,
): Answer | Promise<Answer> {
  if (expiresAt <= Date.now()) throw new SocketClosing(CLOSE.forbidden, EXPIRED); // the timer may be late
  const operationName = name || undefined;
  const { server, subscriptions, operationsMax } = options;
  const requestId = randomUUID();
  const log = options.log.child({ requestId });
  const context = { actor, requestId, log };
  const refusal = (errors: readonly GraphQLError[]) => ({
    errors: errors.map((error) => formatPublicError(error, log)),
  });
  if (atWork > operationsMax)
    return refusal([
      publicError('LIMIT_EXCEEDED', `A socket carries at most ${operationsMax} operations at a time.`),
    ]);
  try {
    const document = parseDocument(query);
    const operation = getOperationAST(document, operationName)?.operation;
    if (operation !== OperationTypeNode.SUBSCRIPTION)
      return execute(server, { query, variables, operationName }, context);
    const subscription = subscriptions.subscribe({
      ...{ query, variables, operationName, context },
      onQueued: socket.holds,
    });
    return 'results' in subscription ? { results: subscription.results } : refusal(subscription);
  } catch (error) {
    if (error instanceof SubscriptionRefused) return refusal(error.errors);
    return { errors: [formatPublicError(error, log)] };
  }
}

async function execute(
  server: ApolloServer<GatewayContext>,
  { query, variables, operationName }: SubscribePayload,
  contextValue: GatewayContext,
): Promise<Answer> {
  const request = {
    query,
    ...(variables && { variables }),
    ...(operationName && { operationName }),
  };
  const { body } = await runWithRequestLog(contextValue.log, () =>
    server.executeOperation(request, { contextValue }),
  );
  if (body.kind !== 'single') throw new Error('Apollo Server returned more than one result');
  const { data, errors = [] } = body.singleResult;
  // The protocol has a message of its own for a request that was refused before it was carried out.
  const isRefused = data === undefined && errors.length > 0;
  return isRefused ? { errors } : { result: body.singleResult as FormattedExecutionResult };
}
