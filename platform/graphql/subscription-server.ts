import type { FastifyInstance } from 'fastify';
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  validate,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { RequestActor } from '../identity/actor.ts';
import {
  CONNECTION_BODY,
  type SigningKey,
  subscriptionBody,
  verifyStatement,
} from '../identity/statement.ts';
import { DomainError } from '../input/errors.ts';
import type { Logger } from '../process/log.ts';
import { formatError } from './format-error.ts';
import { acceptRequestId } from './request-id.ts';
import { serveGraphqlSockets } from './sockets.ts';

export interface SubscriptionServerOptions<Context> {
  app: FastifyInstance;
  schema: GraphQLSchema;
  key: SigningKey;
  subgraph: string;
  /** Called for the subscription itself and for each of its events. `log` has the request id of the subscription. */
  createContext: (actor: RequestActor, log: Logger) => Context;
  log: Logger;
}

/** What the gateway sends in the `extensions` of a subscription. */
export interface SubscriptionExtensions extends Record<string, unknown> {
  /** The signed statement of who subscribes; see `signStatement`. */
  statement: string;
  /** The id under which the subscription and its events are logged. */
  requestId: string;
}

/** Enough for any subscription with its variables. An unsigned connection may send messages of this size too. */
const MESSAGE_BYTES_MAX = 1_048_576;

/**
 * Serves a subgraph's subscriptions to the gateway over graphql-ws, at /graphql.
 *
 * The gateway signs the connection and each subscription on it. Each event is resolved in a new context, because rows
 * that were loaded for one event must not answer the next one.
 */
export function serveSubscriptions<Context>(options: SubscriptionServerOptions<Context>) {
  const { app, schema, key, subgraph, createContext, log } = options;
  const sockets = new WebSocketServer({
    server: app.server,
    path: '/graphql',
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
  });
  const logOf = ({ extensions }: SubscribePayload) =>
    log.child({ requestId: acceptRequestId(extensions?.['requestId']) });

  return serveGraphqlSockets(
    {
      schema,
      // `false` closes the socket with 4403. An error would be logged as a fault of the subgraph.
      onConnect: ({ connectionParams }) =>
        verifyStatement(key, subgraph, textOf(connectionParams?.['statement']), CONNECTION_BODY).then(
          () => true,
          () => false,
        ),
      onSubscribe: async (_context, _id, payload) => {
        try {
          return (await prepare(options, payload, logOf(payload))) as never;
        } catch (error) {
          return [new GraphQLError('The subscription was refused', { originalError: error as Error })];
        }
      },
      subscribe: (args) => {
        const { actor, log } = args.contextValue as Subscription;
        return subscribeAfresh(args as never, () => createContext(actor, log));
      },
      onNext: (_context, _id, _payload, { contextValue }, { data = null, errors }) =>
        errors && {
          data,
          errors: errors.map((error) => formatError(error, (contextValue as Subscription).log)),
        },
      onError: (_context, _id, payload, errors) => {
        const log = logOf(payload);
        return errors.map((error) => formatError(error as GraphQLError, log));
      },
    },
    { sockets, log },
  );
}

/** Who subscribes, and the log of the subscription. */
interface Subscription {
  readonly actor: RequestActor;
  readonly log: Logger;
}

/** Checks a subscription. Returns the arguments of its execution, or the errors of its document. */
async function prepare(
  { schema, key, subgraph }: Pick<SubscriptionServerOptions<unknown>, 'schema' | 'key' | 'subgraph'>,
  { query, variables, operationName, extensions }: SubscribePayload,
  log: Logger,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const body = subscriptionBody(query, variables);
  const actor = await verifyStatement(key, subgraph, textOf(extensions?.['statement']), body);
  const document = parse(query);
  if (getOperationAST(document, operationName)?.operation !== 'subscription')
    throw new DomainError('INVALID', 'Only subscriptions are served on this socket');
  const errors = validate(schema, document);
  if (errors.length > 0) return errors;
  const contextValue: Subscription = { actor, log };
  return { schema, document, operationName, variableValues: variables, contextValue } as ExecutionArgs;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Like GraphQL's own `subscribe`, which would resolve all events of a subscription in one context. */
async function subscribeAfresh(
  args: ExecutionArgs,
  createContext: () => unknown,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const source = await createSourceEventStream({ ...args, contextValue: createContext() });
  if (!(Symbol.asyncIterator in source)) return source;
  const events = source[Symbol.asyncIterator]() as AsyncIterator<unknown>;
  const results: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      const { done, value } = await events.next();
      if (done) return { done: true, value: undefined };
      return {
        done: false,
        value: await execute({ ...args, rootValue: value, contextValue: createContext() }),
      };
    },
    async return() {
      await events.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => results,
  };
  return results;
}
