import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import {
  type DatabaseOptions,
  type DatabaseSource,
  isDatabaseReady,
  openDatabase,
} from '../database/database.ts';
import { migrate } from '../database/migrate.ts';
import type { Reaction } from '../event-log/consumer.ts';
import { startConsumer } from '../event-log/consumer.ts';
import { connectDoorbell, type Doorbell } from '../event-log/doorbell.ts';
import { openStreamHub, type StreamHub } from '../event-log/stream-hub.ts';
import { isInTransaction, type Transaction, transact } from '../event-log/transaction.ts';
import { createGrants, type Grants } from '../identity/grants.ts';
import type { Viewer } from '../identity/statement.ts';
import type { SubgraphConfig } from '../process/config.ts';
import type { Logger } from '../process/log.ts';

/** What a subgraph stands on, for its whole life. */
export interface Subgraph {
  readonly name: string;
  readonly orm: MikroORM;
  readonly doorbell: Doorbell;
  readonly hub: StreamHub;
  readonly log: Logger;
  isReady(): Promise<boolean>;
  /** Makes sure that the subgraph has heard of everything committed so far, in one stream or in all. */
  catchUp(stream?: string): Promise<void>;
  close(): Promise<void>;
}

/** What a subgraph needs from outside; one process can lend the same to several subgraphs. */
export interface Infrastructure {
  readonly source: DatabaseSource;
  readonly doorbell: Doorbell;
  readonly sweepSeconds: number;
  /** Lets go of what `connect` opened. What was lent stays open. */
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

/** What a subgraph keeps, and what it does when it hears of what other subgraphs publish. */
export type DataDefinition = Pick<DatabaseOptions, 'entities' | 'migrations'> & {
  name: string;
  reactions: readonly Reaction[];
};

/** Opens a subgraph: its database, migrated, and its ear at the log. */
export async function openSubgraph(
  { name, entities, migrations, reactions }: DataDefinition,
  { source, doorbell, sweepSeconds }: Infrastructure,
  log: Logger,
): Promise<Subgraph> {
  const orm = await openDatabase({ subgraph: name, entities, migrations, source, log });
  await migrate(orm, source, log);
  const hub = await openStreamHub(orm, doorbell, { sweepSeconds, log });
  const consumer = await startConsumer({ name, orm, doorbell, reactions, sweepSeconds, log });
  return {
    name,
    orm,
    doorbell,
    hub,
    log,
    isReady: () => isDatabaseReady(orm),
    catchUp: (stream) => consumer.catchUp(stream),
    async close() {
      hub.close();
      await consumer.close();
      await orm.close();
    },
  };
}

/** What every request has: who asks, and rows that are its own. */
export interface RequestContext {
  readonly viewer: Viewer;
  /** This request's own: rows that one viewer read must never answer another. */
  readonly em: EntityManager;
  readonly grants: Grants;
  readonly subgraph: Subgraph;
  readonly log: Logger;
  /** One verb, one transaction: see `transact`. The viewer is the actor of its events. */
  transact<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
}

/**
 * A request's rights are read over a connection of their own. Inside a transaction that would wait for another one, and
 * with the embedded database, which has one, for ever: better a fault that every test sees, on either form.
 */
function outsideTransactions(grants: Grants): Grants {
  const guard = () => {
    if (isInTransaction()) throw new Error('Inside a transaction rights are read through its own `em`');
  };
  return {
    async load(scope) {
      guard();
      return grants.load(scope);
    },
    async idsOf(prefix) {
      guard();
      return grants.idsOf(prefix);
    },
  };
}

/** Makes the context of one request, or of one event of a subscription. */
export function createRequestContext(subgraph: Subgraph, viewer: Viewer, log: Logger): RequestContext {
  const em = subgraph.orm.em.fork();
  return {
    viewer,
    em,
    grants: outsideTransactions(createGrants(em, viewer.id)),
    subgraph,
    log,
    transact: (work) => transact({ em, doorbell: subgraph.doorbell, actor: viewer.id }, work),
  };
}
