import type { DatabaseSource } from '../database/database.ts';
import { connectDoorbell, type Doorbell } from '../event-log/doorbell.ts';
import type { SubgraphConfig } from '../process/config.ts';
import type { Logger } from '../process/log.ts';

/** The connections of a subgraph. Several subgraphs of one process can share them. */
export interface Infrastructure {
  readonly source: DatabaseSource;
  readonly doorbell: Doorbell;
  readonly sweepSeconds: number;
  /** Closes the doorbell, and the database if it is embedded. A subgraph closes its own database connections. */
  close(): Promise<void>;
}

/** Connects a subgraph in a process of its own to PostgreSQL and Redis. */
export function connect(config: SubgraphConfig, log: Logger): Infrastructure {
  const doorbell = connectDoorbell(config.REDIS_URL, config.REDIS_PREFIX, log);
  return {
    source: {
      kind: 'server',
      url: config.DATABASE_URL,
      connectionsMax: config.DATABASE_CONNECTIONS_MAX,
      statementTimeoutSeconds: config.DATABASE_STATEMENT_TIMEOUT_SECONDS,
    },
    doorbell,
    sweepSeconds: config.LOG_SWEEP_SECONDS,
    close: () => doorbell.close(),
  };
}
