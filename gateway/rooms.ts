import type { GraphQLDataSource } from '@apollo/gateway';
import { signingKey } from '../platform/identity.ts';
import type { Logger } from '../platform/log.ts';
import type { Room } from '../schema/sdl.ts';
import { type GatewayConfig, roomUrls } from './config.ts';
import type { GatewayContext } from './context.ts';
import { connectRoom, type RoomConnection } from './subgraph-request.ts';
import { connectUpstream, type Upstream } from './subscriptions/upstream.ts';

/** Every room that the settings name, by its name in the supergraph. */
export interface Rooms {
  readonly dataSources: ReadonlyMap<string, GraphQLDataSource<GatewayContext>>;
  /** Throws for a room that the settings do not name. */
  connection(room: string): RoomConnection;
  /** Throws for a room that the settings do not name. */
  upstream(room: string): Upstream;
  close(): Promise<void>;
}

/** Time between pings to a room: a room that hangs is noticed within this and the time it may take to answer. */
const PING_MS = 10_000;

/** Connects to the rooms when they are first needed: none of them has to be there yet. */
export function connectRooms(config: GatewayConfig, log: Logger): Rooms {
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
  const urls = Object.entries(roomUrls(config)) as [Room, string][];
  const connections = new Map(
    urls.map(([name, url]) => [name as string, connectRoom({ ...bounds, name, url })]),
  );
  const upstreams = new Map(
    urls.map(([room, url]) => [room as string, connectUpstream({ ...bounds, room, url })]),
  );
  return {
    dataSources: new Map([...connections].map(([name, { dataSource }]) => [name, dataSource])),
    connection: (room) => named(connections, room),
    upstream: (room) => named(upstreams, room),
    async close() {
      await Promise.all([...upstreams.values(), ...connections.values()].map((each) => each.close()));
    },
  };
}

function named<Value>(rooms: ReadonlyMap<string, Value>, name: string): Value {
  const room = rooms.get(name);
  if (!room) throw new Error(`The supergraph has a room without an address: ${name}`);
  return room;
}
