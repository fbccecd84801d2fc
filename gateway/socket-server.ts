import { randomUUID } from 'node:crypto';
import type { ApolloServer } from '@apollo/server';
import type { FastifyInstance } from 'fastify';
import {
  type ExecutionArgs,
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
} from 'graphql';
import type { Context, SubscribePayload } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { runWithRequestLog } from '../platform/graphql/request-log.ts';
import { type SocketExtra, serveGraphqlSockets } from '../platform/graphql/sockets.ts';
import { DomainError } from '../platform/input/errors.ts';
import type { Logger } from '../platform/process/log.ts';
import type { GatewayContext } from './context.ts';
import { REQUEST_BYTES_MAX } from './limits.ts';
import type { IsOriginAllowed } from './origins.ts';
import { formatPublicError, publicError } from './public-error.ts';
import type { Authenticate, SignIn } from './sign-in.ts';
import { parseDocument, SubscriptionRefused } from './subscriptions/plan.ts';
import type { Subscriptions } from './subscriptions/subscriptions.ts';

export interface SocketServerOptions {
  app: FastifyInstance;
  schema: GraphQLSchema;
  /** The server that answers queries and mutations. */
  server: ApolloServer<GatewayContext>;
  subscriptions: Subscriptions;
  authenticate: Authenticate;
  isAllowed: IsOriginAllowed;
  operationsMax: number;
  log: Logger;
}

const CLOSE = { tryAgainLater: 1013, forbidden: 4403 } as const;

const INIT_WAIT_MS = 3_000;
/** The longest timer of Node, 24 days. The socket of a token that lasts longer is closed then, and the client reconnects. */
const TIMER_MS_MAX = 2 ** 31 - 1;

interface Socket extends SocketExtra {
  signIn?: SignIn;
  expiry?: NodeJS.Timeout;
}
type SocketContext = Context<Record<string, unknown>, Socket>;
type Operation = ExecutionArgs & {
  answer: () => Promise<ExecutionResult> | AsyncIterableIterator<ExecutionResult>;
};

/**
 * Serves queries, mutations and subscriptions over graphql-ws at /graphql. Clients sign in with
 * `connectionParams.authorization`.
 *
 * A socket is closed with 4403 when the sign-in is invalid or expires, with 1013 when it cannot be checked, and with 1012
 * at shutdown. The client of graphql-ws reconnects after each of them, and can send a new token.
 */
export function serveSockets(options: SocketServerOptions): { close(): Promise<void> } {
  const { app, isAllowed, subscriptions, log } = options;
  const sockets = new WebSocketServer({
    server: app.server,
    path: '/graphql',
    // Browsers let every web page open a socket to every address.
    verifyClient: ({ req }, answer) => answer(isAllowed(req), 403),
    maxPayload: REQUEST_BYTES_MAX,
    perMessageDeflate: false,
  });
  const server = serveGraphqlSockets<Socket>(
    {
      connectionInitWaitTimeout: INIT_WAIT_MS,
      onConnect: (context) => signIn(options, context),
      onDisconnect: ({ extra }) => clearTimeout(extra.expiry),
      onSubscribe: (context, _id, payload) => begin(options, context, payload),
      subscribe: (operation) => (operation as Operation).answer(),
      execute: (operation) => (operation as Operation).answer(),
      // The results are formatted already. Without this hook graphql-ws would format their errors again.
      onNext: (_context, _id, _payload, _operation, result) => result as FormattedExecutionResult,
      onError: (_context, _id, _payload, errors) => errors.map((error) => formatPublicError(error, log)),
    },
    { sockets, log },
  );
  return {
    close() {
      const closed = server.close();
      subscriptions.close();
      return closed;
    },
  };
}

/** Signs a socket in. For a failure it closes the socket and returns false. */
async function signIn({ authenticate }: SocketServerOptions, { connectionParams, extra }: SocketContext) {
  try {
    const authorization = connectionParams?.['authorization'] ?? connectionParams?.['Authorization'];
    const signedIn = await authenticate(typeof authorization === 'string' ? authorization : undefined);
    if (extra.socket.readyState !== extra.socket.OPEN) return false; // the timer below would never be cleared
    extra.signIn = signedIn;
    if (signedIn.expiresAt !== undefined) extra.expiry = closeAt(extra.socket, signedIn.expiresAt);
    return true;
  } catch (error) {
    const { code, message } = error as DomainError;
    if (error instanceof DomainError && code === 'UNAUTHENTICATED')
      extra.socket.close(CLOSE.forbidden, message);
    else extra.socket.close(CLOSE.tryAgainLater, 'Sign-in cannot be checked now');
    return false;
  }
}

const closeAt = (socket: WebSocket, at: number): NodeJS.Timeout =>
  setTimeout(
    () => socket.close(CLOSE.forbidden, 'The access token has expired'),
    Math.min(Math.max(0, at - Date.now()), TIMER_MS_MAX),
  );

/** Prepares the answer to an operation, or returns the errors that refuse it. */
function begin(
  options: SocketServerOptions,
  { subscriptions: open, extra }: SocketContext,
  { query, variables, operationName }: SubscribePayload,
): Operation | readonly GraphQLError[] {
  const { schema, server, subscriptions, operationsMax, log } = options;
  if (Object.keys(open).length > operationsMax)
    return [publicError('LIMIT_EXCEEDED', `A socket carries at most ${operationsMax} operations at a time.`)];
  const requestId = randomUUID();
  const context = { actor: extra.signIn!.actor, requestId, log: log.child({ requestId }) };
  try {
    const document = parseDocument(query);
    const isSubscription =
      getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION;
    if (!isSubscription) {
      const answer = () => execute(server, { query, variables, operationName }, context);
      return { schema, document, operationName: operationName ?? null, answer };
    }
    const subscription = subscriptions.subscribe({ query, variables, operationName, context });
    if (!('results' in subscription)) return subscription;
    const answer = () => subscription.results as AsyncIterableIterator<ExecutionResult>;
    return { schema, document, operationName: operationName ?? null, answer };
  } catch (error) {
    if (error instanceof SubscriptionRefused) return error.errors;
    throw error;
  }
}

async function execute(
  server: ApolloServer<GatewayContext>,
  { query, variables, operationName }: SubscribePayload,
  contextValue: GatewayContext,
): Promise<ExecutionResult> {
  const request = {
    query,
    ...(variables && { variables }),
    ...(operationName && { operationName }),
  };
  const { body } = await runWithRequestLog(contextValue.log, () =>
    server.executeOperation(request, { contextValue }),
  );
  if (body.kind !== 'single') throw new Error('Apollo Server returned more than one result');
  return body.singleResult as ExecutionResult;
}
