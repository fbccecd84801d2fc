import type { GraphQLDataSource } from '@apollo/gateway';
import { signingKey } from '../platform/identity/statement.ts';
import type { Logger } from '../platform/process/log.ts';
import type { SubgraphName } from '../schema/sdl.ts';
import { type GatewayConfig, subgraphUrls } from './config.ts';
import type { GatewayContext } from './context.ts';
import { connectSubgraph, type SubgraphConnection } from './subgraph-request.ts';
import { connectUpstream, type Upstream } from './subscriptions/upstream.ts';

/** The connections to all subgraphs in the settings, by the name of the subgraph in the supergraph. */
export interface Subgraphs {
  readonly dataSources: ReadonlyMap<string, GraphQLDataSource<GatewayContext>>;
  /** Throws for an unknown subgraph. */
  connection(subgraph: string): SubgraphConnection;
  /** Throws for an unknown subgraph. */
  upstream(subgraph: string): Upstream;
  close(): Promise<void>;
}

/** The time between pings. A hanging subgraph is detected within this time plus the timeout of an answer. */
const PING_MS = 10_000;

/** Prepares the connections to the subgraphs. They are opened at the first request, so that the gateway starts alone. */
export function connectSubgraphs(config: GatewayConfig, log: Logger): Subgraphs {
  const bytesMax = config.SUBGRAPH_RESPONSE_BYTES_MAX;
  const bounds = {
    key: signingKey(config.GATEWAY_SIGNING_KEY),
    timeoutMs: config.SUBGRAPH_TIMEOUT_SECONDS * 1000,
    connectionsMax: config.SUBGRAPH_CONNECTIONS_MAX,
    responseBytesMax: bytesMax,
    eventBytesMax: bytesMax,
    pingMs: PING_MS,
    log,
  };
  const urls = Object.entries(subgraphUrls(config)) as [SubgraphName, string][];
  const connections = new Map(
    urls.map(([name, url]) => [name as string, connectSubgraph({ ...bounds, name, url })]),
  );
  const upstreams = new Map(
    urls.map(([subgraph, url]) => [subgraph as string, connectUpstream({ ...bounds, subgraph, url })]),
  );
  return {
    dataSources: new Map([...connections].map(([name, { dataSource }]) => [name, dataSource])),
    connection: (subgraph) => named(connections, subgraph),
    upstream: (subgraph) => named(upstreams, subgraph),
    async close() {
      await Promise.all([...upstreams.values(), ...connections.values()].map((each) => each.close()));
    },
  };
}

function named<Value>(subgraphs: ReadonlyMap<string, Value>, name: string): Value {
  const subgraph = subgraphs.get(name);
  if (!subgraph) throw new Error(`The supergraph has a subgraph without an address: ${name}`);
  return subgraph;
}
