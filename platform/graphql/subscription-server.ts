import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  validate,
} from 'graphql';
import { CloseCode, type SubscribePayload } from 'graphql-ws';
import { databaseTrouble } from '../database/failures.ts';
import { actorKey, type RequestActor } from '../identity/actor.ts';
import { CONNECTION_BODY, type ReadStatement, subscriptionBody } from '../identity/statement.ts';
import { DomainError } from '../input/errors.ts';
import { backoffMs } from '../process/backoff.ts';
import { createFairQueue, type FairQueue } from '../process/fair-queue.ts';
import type { Logger } from '../process/log.ts';
import { runWork } from '../process/work.ts';
import { formatError } from './format-error.ts';
import { acceptRequestId } from './request-id.ts';
import { type Answer, SocketClosing } from './socket-protocol.ts';
import { type GraphqlSockets, serveGraphqlSockets } from './sockets.ts';
import type { UnreadBounds } from './unread.ts';

export interface SubscriptionServerOptions<Context> {
  app: FastifyInstance;
  schema: GraphQLSchema;
  /** Reads the gateway's statements. */
  readStatement: ReadStatement;
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
const INIT_WAIT_MS = 3_000;
/**
 * How many events are resolved at a time, and how many of them may be of the past. Fewer than the connections to the
 * database: the others are for queries and mutations.
 */
const EVENTS_AT_ONCE_MAX = 6;
const REPLAYED_AT_ONCE_MAX = 2;
/** One socket of the gateway carries the events of all its clients. */
const UNREAD: UnreadBounds = { socket: 268_435_456, owner: 268_435_456, all: 268_435_456 };

/**
 * Serves a subgraph's subscriptions to the gateway over graphql-ws, at /graphql.
 *
 * The gateway signs the connection and each subscription on it. Each event is resolved in a new context, because rows
 * that were loaded for one event must not answer the next one. Live events come before those of the past, and people get
 * their turns.
 */
export function serveSubscriptions<Context>(options: SubscriptionServerOptions<Context>): GraphqlSockets {
  const { app, readStatement, log } = options;
  const places = createFairQueue({ runningMax: EVENTS_AT_ONCE_MAX, patientMax: REPLAYED_AT_ONCE_MAX });
  return serveGraphqlSockets({
    app,
    messageBytesMax: MESSAGE_BYTES_MAX,
    initWaitMs: INIT_WAIT_MS,
    unread: UNREAD,
    log,
    hooks: () => ({
      async connect({ statement }) {
        try {
          await readStatement(textOf(statement), CONNECTION_BODY);
        } catch {
          throw new SocketClosing(CloseCode.Forbidden, 'Forbidden');
        }
      },
      answer: (_session, payload) => answer(options, payload, places),
      formatFault: (fault, payload) => format(fault as Error, logOf(options, payload)),
    }),
  });
}

/** Subscribes, and formats the results. A failure before the first event is an answer too. */
async function answer<Context>(
  options: SubscriptionServerOptions<Context>,
  payload: SubscribePayload,
  places: FairQueue,
): Promise<Answer> {
  const log = logOf(options, payload);
  const prepared = await prepare(options, payload).catch((error: Error) => [error]);
  if (Array.isArray(prepared)) return { errors: prepared.map((error) => format(error, log)) };
  const { actor, ...args } = prepared as Prepared;
  const formatResult = ({ data = null, errors }: ExecutionResult): FormattedExecutionResult =>
    errors ? { data, errors: errors.map((error) => format(error, log)) } : { data };
  return subscribeAfresh(args, () => options.createContext(actor, log), {
    ...{ owner: actorKey(actor), places },
    format: formatResult,
  });
}

const logOf = ({ log }: { log: Logger }, { extensions }: SubscribePayload): Logger =>
  log.child({ requestId: acceptRequestId(extensions?.['requestId']) });

const format = (error: Error, log: Logger): GraphQLFormattedError =>
  formatError(
    error instanceof GraphQLError
      ? error
      : new GraphQLError('The subscription ended', { originalError: error }),
    log,
  );

interface Prepared extends ExecutionArgs {
  readonly actor: RequestActor;
}

/** Checks a subscription. Returns who subscribes with what, or the errors of the document. Throws DomainError. */
async function prepare(
  { schema, readStatement }: Pick<SubscriptionServerOptions<unknown>, 'schema' | 'readStatement'>,
  { query, variables, operationName, extensions }: SubscribePayload,
): Promise<Prepared | readonly GraphQLError[]> {
  const body = subscriptionBody(query, variables);
  const { actor } = await readStatement(textOf(extensions?.['statement']), body);
  const document = parse(query);
  if (getOperationAST(document, operationName)?.operation !== 'subscription')
    throw new DomainError('INVALID', 'Only subscriptions are served on this socket');
  const errors = validate(schema, document);
  if (errors.length > 0) return errors;
  return { actor, schema, document, operationName: operationName ?? null, variableValues: variables ?? {} };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * Like GraphQL's own `subscribe`, which would resolve all events of a subscription in one context. The results are not an
 * async generator, whose `return()` would wait for the next event.
 */
async function subscribeAfresh(
  args: ExecutionArgs,
  createContext: () => unknown,
  { owner, places, format }: ResultOptions,
): Promise<Answer> {
  const subscribe = async () => createSourceEventStream({ ...args, contextValue: createContext() });
  const source = await places.run({ owner }, () => runWork({ owner, isUrgent: false }, subscribe));
  if (!(Symbol.asyncIterator in source)) return { result: format(source) };
  const events = source[Symbol.asyncIterator]() as AsyncIterator<unknown>;
  let isLive = false;
  const results: AsyncIterableIterator<FormattedExecutionResult> = {
    async next() {
      const { done, value } = await runWork({ owner, isUrgent: isLive }, () => events.next());
      if (done) return { done: true, value: undefined };
      isLive ||= (value as { __typename?: unknown }).__typename === 'StreamCaughtUp';
      const resolve = async () => execute({ ...args, rootValue: value, contextValue: createContext() });
      const result = await resolveWhole(() =>
        places.run({ owner, isUrgent: isLive }, () => runWork({ owner, isUrgent: isLive }, resolve)),
      );
      return { done: false, value: format(result) };
    },
    async return() {
      await events.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => results,
  };
  return { results };
}

interface ResultOptions {
  /** Who subscribes. */
  readonly owner: string;
  readonly places: FairQueue;
  readonly format: (result: ExecutionResult) => FormattedExecutionResult;
}

/** How often an event is resolved before its subscription ends, and how long it waits in between. */
const TRIES_MAX = 6;
const RETRY = { firstMs: 100, lastMs: 2_000, jitter: 0.3 };

/**
 * Resolves an event until the database gives all its rows. The position of a client moves on with each event, so what is
 * missing in one would be lost to it. Throws the trouble of the last try; then the gateway resumes before the event.
 */
async function resolveWhole(resolve: () => Promise<ExecutionResult>): Promise<ExecutionResult> {
  for (let tries = 1; ; tries++) {
    const result = await resolve();
    const trouble = result.errors?.find(
      ({ originalError }) => originalError && databaseTrouble(originalError),
    );
    if (!trouble) return result;
    if (tries === TRIES_MAX) throw trouble;
    await pause(backoffMs(tries, RETRY));
  }
}
