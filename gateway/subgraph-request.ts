import type { GraphQLDataSource } from '@apollo/gateway';
import type { GraphQLError } from 'graphql';
import { Pool } from 'undici';
import { REQUEST_ID_HEADER } from '../platform/graphql/request-id.ts';
import {
  requestBody,
  type SigningKey,
  STATEMENT_HEADER,
  signStatement,
} from '../platform/identity/statement.ts';
import { readBounded } from '../platform/process/bounded-read.ts';
import type { Logger } from '../platform/process/log.ts';
import type { GatewayContext } from './context.ts';
import { outcomeUnknown, unavailable } from './public-error.ts';

export interface SubgraphConnectionOptions {
  /** The subgraph's name in the supergraph, which is also the audience of the statements signed for it. */
  name: string;
  url: string;
  key: SigningKey;
  timeoutMs: number;
  connectionsMax: number;
  responseBytesMax: number;
}

/** The gateway's connections to a subgraph. */
export interface SubgraphConnection {
  readonly name: string;
  readonly url: string;
  readonly dataSource: GraphQLDataSource<GatewayContext>;
  /** Sends a request within the bounds of the connection. Throws the errors of undici, and ResponseTooLarge. */
  send(request: SubgraphRequest): Promise<SubgraphResponse>;
  close(): Promise<void>;
}

interface SubgraphRequest {
  path: string;
  headers: Record<string, string>;
  body: string | Buffer;
  timeoutMs?: number;
}

export interface SubgraphResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** Shorter than the 75 s of the subgraphs: the gateway must close first, or a request can meet a closed socket. */
const IDLE_MS = { usual: 30_000, atMost: 60_000 };

/** The codes of a connection that was lost before the answer, for instance because the subgraph closed it just then. */
const LOST_CONNECTION = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

class ResponseTooLarge extends Error {}
/** The time of the request was over before it was sent. */
class NoTimeLeft extends Error {}

/**
 * Connects to a subgraph over a bounded pool of connections.
 *
 * A request of the data source carries the document, its variables, the signed actor and the request id; no header of
 * the client reaches the subgraph. A failure on the way becomes an UNAVAILABLE error of this subgraph, so that the data
 * of the other subgraphs still reach the client.
 */
export function connectSubgraph(options: SubgraphConnectionOptions): SubgraphConnection {
  const { name, timeoutMs, responseBytesMax } = options;
  const { origin, pathname } = new URL(options.url);
  const basePath = pathname.replace(/\/$/, '');
  const pool = new Pool(origin, {
    connections: options.connectionsMax,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    keepAliveTimeout: IDLE_MS.usual,
    keepAliveMaxTimeout: IDLE_MS.atMost,
  });

  const send = async ({ path, headers, body, timeoutMs: within = timeoutMs }: SubgraphRequest) => {
    const response = await pool.request({
      method: 'POST',
      path: basePath + path,
      headers,
      body,
      signal: AbortSignal.timeout(within), // covers the whole request, with the wait for a free connection
    });
    const { bytes, isCut } = await readBounded(response.body, responseBytesMax);
    if (isCut) throw new ResponseTooLarge();
    return { status: response.statusCode, headers: response.headers, body: bytes };
  };

  return {
    name,
    url: options.url,
    dataSource: { process: (request) => ask(options, send, request) as never },
    send,
    close: () => pool.destroy(),
  };
}

type Question = Parameters<GraphQLDataSource<GatewayContext>['process']>[0];
interface Answer {
  data?: Record<string, unknown> | null;
  errors?: readonly GraphQLError[];
}

/** Asks the subgraph. Never throws: a thrown error would reach the client without a code. */
async function ask(
  { name, key, timeoutMs }: SubgraphConnectionOptions,
  send: SubgraphConnection['send'],
  { request, context }: Question,
): Promise<Answer> {
  const { actor, requestId, log, deadlineAt } = context as GatewayContext;
  const body = JSON.stringify({
    query: request.query,
    variables: request.variables,
    operationName: request.operationName,
  });
  const attempt = async () => {
    const left = deadlineAt === undefined ? timeoutMs : Math.min(timeoutMs, deadlineAt - Date.now());
    if (left <= 0) throw new NoTimeLeft();
    const covered = requestBody('POST', '/graphql', body);
    return send({
      path: '/graphql',
      headers: {
        'content-type': 'application/json',
        [STATEMENT_HEADER]: await signStatement(key, name, actor, covered, Date.now() + left),
        [REQUEST_ID_HEADER]: requestId,
      },
      body,
      timeoutMs: left,
    });
  };
  try {
    return readAnswer(await retryLost(attempt, !request.query?.startsWith('mutation')), name, log);
  } catch (err) {
    log.warn({ err, subgraph: name }, 'subgraph.unavailable');
    const isMutation = request.query?.startsWith('mutation') === true;
    return {
      errors: [
        isMutation && mayHaveArrived(err) ? outcomeUnknown(name) : unavailable(name, whatHappened(err)),
      ],
    };
  }
}

/** Retries a query once. A mutation is not retried: it may have been carried out before the connection was lost. */
async function retryLost<Result>(attempt: () => Promise<Result>, isQuery: boolean): Promise<Result> {
  try {
    return await attempt();
  } catch (error) {
    if (!isQuery || !LOST_CONNECTION.has(String((error as NodeJS.ErrnoException).code))) throw error;
    return attempt();
  }
}

function readAnswer({ status, body }: SubgraphResponse, name: string, log: Logger): Answer {
  // The subgraph refused the gateway's signature: the keys or the clocks differ. The client cannot do anything about it.
  if (status === 401) {
    log.error({ subgraph: name }, 'subgraph.refused-signature');
    return { errors: [unavailable(name, 'does not know this gateway')] };
  }
  const answer = parseAnswer(body);
  return answer ?? { errors: [unavailable(name, `answered with status ${status}`)] };
}

function parseAnswer(body: Buffer): Answer | null {
  try {
    const answer = JSON.parse(body.toString()) as Answer | null;
    return answer && (answer.data || (Array.isArray(answer.errors) && answer.errors.length > 0))
      ? answer
      : null;
  } catch {
    return null;
  }
}

/** The codes of a connection that was never made, and of a request that waited for one: nothing was sent. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const mayHaveArrived = (error: unknown): boolean =>
  !(error instanceof NoTimeLeft) && !NEVER_SENT.has(String((error as NodeJS.ErrnoException).code));

function whatHappened(error: unknown): string {
  if (error instanceof ResponseTooLarge) return 'has too much data for one answer; ask for less';
  const { name, code } = error as { name?: string; code?: string };
  const isLate =
    error instanceof NoTimeLeft ||
    name === 'TimeoutError' ||
    (code?.startsWith('UND_ERR_') && code.endsWith('_TIMEOUT'));
  return isLate ? 'did not answer in time' : 'cannot be reached';
}
