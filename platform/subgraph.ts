import type { FastifyInstance } from 'fastify';
import type { DocumentNode } from 'graphql';
import type { RoomConfig } from './config.ts';
import { serveGraphql } from './graphql-server.ts';
import { createLog } from './log.ts';
import {
  connect,
  type Infrastructure,
  openRoom,
  type RequestContext,
  type Room,
  type RoomDefinition,
} from './room.ts';
import { SCALARS } from './scalars.ts';
import type { RunningService } from './service.ts';

export interface SubgraphDefinition<Context extends RequestContext> extends RoomDefinition {
  typeDefs: DocumentNode;
  /** By type name; the common scalars are added. */
  resolvers: object;
  /** Adds a room's loaders to the context of a request. */
  extendContext: (context: RequestContext) => Context;
  /** The setting that holds the port, for messages, and its value. */
  port: { setting: string; value: number };
  /** Work of the room's own beside GraphQL, such as a REST route or a background loop. */
  begin?: (room: Room) => SideWork | Promise<SideWork>;
}

export interface SideWork {
  routes?: (app: FastifyInstance) => void;
  /** Ends before the room's database is closed. */
  close(): Promise<void>;
}

export type RunningSubgraph = RunningService & { port: number };

/**
 * Starts a room: its rows, its ear at the log, its GraphQL server, and whatever it does beside.
 *
 * `lent` is infrastructure shared with other rooms of the process; without it the room connects to PostgreSQL and
 * Redis by its settings, and lets go of them when it closes.
 */
export async function startSubgraph<Context extends RequestContext>(
  config: RoomConfig,
  definition: SubgraphDefinition<Context>,
  lent?: Infrastructure,
): Promise<RunningSubgraph> {
  const log = createLog(definition.name, config.LOG_LEVEL);
  const infrastructure = lent ?? connect(config, log);
  const room = await openRoom(definition, infrastructure, log);
  const sideWork = await definition.begin?.(room);
  const server = await serveGraphql({
    ...definition,
    room,
    resolvers: { ...SCALARS, ...definition.resolvers },
    config,
    ...(sideWork?.routes && { routes: sideWork.routes }),
  });
  return {
    log,
    port: server.port,
    shutdownSeconds: config.SHUTDOWN_SECONDS,
    async close() {
      await server.close();
      await sideWork?.close();
      await room.close();
      if (!lent) await infrastructure.close();
    },
  };
}
