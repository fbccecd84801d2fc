import type { GraphQLDataSource } from '@apollo/gateway';
import type { GraphQLError } from 'graphql';
import { Pool } from 'undici';
import { type SigningKey, signViewer } from '../platform/identity/statement.ts';
import type { Logger } from '../platform/process/log.ts';
import type { GatewayContext } from './context.ts';
import { unavailable } from './public-error.ts';

export interface SubgraphConnectionOptions {
  /** The subgraph's name in the supergraph, which is also the audience of what is signed for it. */
  name: string;
  url: string;
  key: SigningKey;
  timeoutMs: number;
  connectionsMax: number;
  responseBytesMax: number;
  log: Logger;
}

/** The gateway's connections to a subgraph. */
export interface SubgraphConnection {
  readonly name: string;
  readonly url: string;
  readonly dataSource: GraphQLDataSource<GatewayContext>;
  /** Bounded like every request to the subgraph; throws what undici throws. */
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

/** Subgraphs keep an idle connection for 75 s; whoever closes first must be the gateway, or a request meets a closed socket. */
const IDLE_MS = { usual: 30_000, atMost: 60_000 };

/** A connection that was lost before an answer came, as when the subgraph closed it at the same moment. */
const LOST_CONNECTION = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

class ResponseTooLarge extends Error {}

/**
 * Connects to a subgraph over a bounded pool of connections.
 *
 * A subgraph learns who asks, signed, and a request id: nothing else of what the client sent reaches it. What goes wrong
 * on the way becomes an UNAVAILABLE error of that subgraph, so that the other subgraphs' data still reach the client.
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
      signal: AbortSignal.timeout(within), // the whole request, waiting for a free connection included
    });
    return {
      status: response.statusCode,
      headers: response.headers,
      body: await readBounded(response.body, responseBytesMax),
    };
  };

  return {
    name,
    url: options.url,
    dataSource: { process: (request) => ask(options, send, request) as never },
    send,
    close: () => pool.destroy(),
  };
}

async function readBounded(body: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new ResponseTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

type Question = Parameters<GraphQLDataSource<GatewayContext>['process']>[0];
interface Answer {
  data?: Record<string, unknown> | null;
  errors?: readonly GraphQLError[];
}

/** Never throws: an error that is thrown here would reach the client as a bare Error, without a code. */
async function ask(
  { name, key, timeoutMs, log }: SubgraphConnectionOptions,
  send: SubgraphConnection['send'],
  { request, context }: Question,
): Promise<Answer> {
  const { viewer, requestId, deadlineAt } = context as GatewayContext;
  const body = JSON.stringify({
    query: request.query,
    variables: request.variables,
    operationName: request.operationName,
  });
  const attempt = async () => {
    const left = deadlineAt === undefined ? timeoutMs : Math.min(timeoutMs, deadlineAt - Date.now());
    if (left <= 0) throw new DOMException('No time is left', 'TimeoutError');
    return send({
      path: '/graphql',
      headers: {
        'content-type': 'application/json',
        'x-team-board-viewer': await signViewer(key, name, viewer, body),
        'x-request-id': requestId,
      },
      body,
      timeoutMs: left,
    });
  };
  try {
    return readAnswer(await retryLost(attempt, !request.query?.startsWith('mutation')), name, log);
  } catch (err) {
    log.warn({ err, subgraph: name, requestId }, 'subgraph.unavailable');
    return { errors: [unavailable(name, whatHappened(err))] };
  }
}

/** Once more, and only what changes nothing: a mutation may have been carried out before its answer was lost. */
async function retryLost<Result>(attempt: () => Promise<Result>, isQuery: boolean): Promise<Result> {
  try {
    return await attempt();
  } catch (error) {
    if (!isQuery || !LOST_CONNECTION.has(String((error as NodeJS.ErrnoException).code))) throw error;
    return attempt();
  }
}

function readAnswer({ status, body }: SubgraphResponse, name: string, log: Logger): Answer {
  // A subgraph refuses only what the gateway did not sign: the keys differ, or the clocks. No sign-in of the client helps.
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

function whatHappened(error: unknown): string {
  if (error instanceof ResponseTooLarge) return 'has more to say than is taken at once; ask for less';
  const { name, code } = error as { name?: string; code?: string };
  const isLate = name === 'TimeoutError' || (code?.startsWith('UND_ERR_') && code.endsWith('_TIMEOUT'));
  return isLate ? 'did not answer in time' : 'cannot be reached';
}
