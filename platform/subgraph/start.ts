import type { FastifyInstance } from 'fastify';
import type { DocumentNode } from 'graphql';
import { startRetention } from '../event-log/retention.ts';
import type { Port } from '../graphql/http-server.ts';
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
  /** The resolvers by type name, without the common scalars. */
  resolvers: object;
  /** Adds a subgraph's loaders to the context of a request. */
  extendContext: (context: RequestContext) => Context;
  port: Port;
  /** Starts work beside GraphQL, such as a REST route or a background loop. */
  begin?: (subgraph: Subgraph) => SideWork | Promise<SideWork>;
}

export interface SideWork {
  routes?: (app: FastifyInstance) => void;
  /** Stops the work. Called before the subgraph's database is closed. */
  close(): Promise<void>;
}

export type RunningSubgraph = RunningService & { port: number };

/**
 * Starts a subgraph: its database, its readers of the event log, its GraphQL server and its side work.
 *
 * `lent` is infrastructure that several subgraphs of one process share. Without it the subgraph connects to PostgreSQL
 * and Redis by its settings, and disconnects when it is closed.
 */
export async function startSubgraph<Context extends RequestContext>(
  config: SubgraphConfig,
  definition: SubgraphDefinition<Context>,
  lent?: Infrastructure,
): Promise<RunningSubgraph> {
  const log = createLog(definition.name, config.LOG_LEVEL);
  const infrastructure = lent ?? connect(config, log);
  const subgraph = await openSubgraph(definition, infrastructure, log);
  const retention = startRetention({ ...subgraph, config, rules: definition.retention ?? [] });
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
      await retention.close();
      await subgraph.close();
      if (!lent) await infrastructure.close();
    },
  };
}
