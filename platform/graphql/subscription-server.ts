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
import { serveGraphqlSockets } from './sockets.ts';

export interface SubscriptionServerOptions<Context> {
  app: FastifyInstance;
  schema: GraphQLSchema;
  key: SigningKey;
  subgraph: string;
  createContext: (actor: RequestActor) => Context;
  log: Logger;
}

/** Enough for any subscription and its variables. Whoever has not signed yet may send this much, too. */
const MESSAGE_BYTES_MAX = 1_048_576;

/**
 * Serves a subgraph's subscriptions to the gateway over graphql-ws, at /graphql.
 *
 * The gateway signs the connection and every subscription on it. Each event is resolved in a context of its own:
 * rows loaded for one event must not answer the next.
 */
export function serveSubscriptions<Context>(options: SubscriptionServerOptions<Context>) {
  const { app, schema, key, subgraph, createContext, log } = options;
  const sockets = new WebSocketServer({
    server: app.server,
    path: '/graphql',
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
  });
  return serveGraphqlSockets(
    {
      schema,
      // Refused by `false`, which closes the socket with 4403: an error would be logged as a fault of ours.
      onConnect: ({ connectionParams }) =>
        verifyStatement(key, subgraph, textOf(connectionParams?.['statement']), CONNECTION_BODY).then(
          () => true,
          () => false,
        ),
      onSubscribe: async (_context, _id, { query, variables, operationName, extensions }) => {
        try {
          const body = subscriptionBody(query, variables);
          const actor = await verifyStatement(key, subgraph, textOf(extensions?.['statement']), body);
          const document = parse(query);
          if (getOperationAST(document, operationName)?.operation !== 'subscription') {
            throw new DomainError('INVALID', 'Only subscriptions are served on this socket');
          }
          const errors = validate(schema, document);
          if (errors.length > 0) return errors;
          return {
            schema,
            document,
            operationName,
            variableValues: variables,
            contextValue: actor,
          } as never;
        } catch (error) {
          return [new GraphQLError('The subscription was refused', { originalError: error as Error })];
        }
      },
      subscribe: (args) =>
        subscribeAfresh(args as never, () => createContext(args.contextValue as RequestActor)),
      onNext: (_context, _id, _payload, _args, { data = null, errors }) =>
        errors && { data, errors: errors.map((error) => formatError(error, log)) },
      onError: (_context, _id, _payload, errors) =>
        errors.map((error) => formatError(error as GraphQLError, log)),
    },
    { sockets, log },
  );
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** GraphQL's own `subscribe` would give one context to all events of a subscription. */
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
