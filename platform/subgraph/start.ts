import type { FastifyInstance } from 'fastify';
import type { DocumentNode } from 'graphql';
import { SCALARS } from '../graphql/scalars.ts';
import type { SubgraphConfig } from '../process/config.ts';
import { createLog } from '../process/log.ts';
import type { RunningService } from '../process/service.ts';
import { serveGraphql } from './graphql-server.ts';
import { connect, type Infrastructure } from './infrastructure.ts';
import type { RequestContext } from './request.ts';
import { type DataDefinition, openSubgraph, type Subgraph } from './subgraph.ts';

export interface SubgraphDefinition<Context extends RequestContext> extends DataDefinition {
  typeDefs: DocumentNode;
  /** By type name; the common scalars are added. */
  resolvers: object;
  /** Adds a subgraph's loaders to the context of a request. */
  extendContext: (context: RequestContext) => Context;
  /** The setting that holds the port, for messages, and its value. */
  port: { setting: string; value: number };
  /** Work of the subgraph's own beside GraphQL, such as a REST route or a background loop. */
  begin?: (subgraph: Subgraph) => SideWork | Promise<SideWork>;
}

export interface SideWork {
  routes?: (app: FastifyInstance) => void;
  /** Ends before the subgraph's database is closed. */
  close(): Promise<void>;
}

export type RunningSubgraph = RunningService & { port: number };

/**
 * Starts a subgraph: its rows, its ear at the log, its GraphQL server, and whatever it does beside.
 *
 * `lent` is infrastructure shared with other subgraphs of the process; without it the subgraph connects to PostgreSQL and
 * Redis by its settings, and lets go of them when it closes.
 */
export async function startSubgraph<Context extends RequestContext>(
  config: SubgraphConfig,
  definition: SubgraphDefinition<Context>,
  lent?: Infrastructure,
): Promise<RunningSubgraph> {
  const log = createLog(definition.name, config.LOG_LEVEL);
  const infrastructure = lent ?? connect(config, log);
  const subgraph = await openSubgraph(definition, infrastructure, log);
  const sideWork = await definition.begin?.(subgraph);
  const server = await serveGraphql({
    ...definition,
    subgraph,
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
      await subgraph.close();
      if (!lent) await infrastructure.close();
    },
  };
}
