import type { DatabaseSource } from '../database/database.ts';
import { connectDoorbell, type Doorbell } from '../event-log/doorbell.ts';
import type { SubgraphConfig } from '../process/config.ts';
import type { Logger } from '../process/log.ts';

/** What a subgraph needs from outside; one process can lend the same to several subgraphs. */
export interface Infrastructure {
  readonly source: DatabaseSource;
  readonly doorbell: Doorbell;
  readonly sweepSeconds: number;
  /** Releases what `connect` opened. What was lent stays open. */
  close(): Promise<void>;
}

/** The infrastructure of a subgraph in a process of its own: PostgreSQL and Redis. */
export function connect(config: SubgraphConfig, log: Logger): Infrastructure {
  const doorbell = connectDoorbell(config.REDIS_URL, log);
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
