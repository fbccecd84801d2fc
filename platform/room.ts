import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { RoomConfig } from './config.ts';
import type { Reaction } from './consumer.ts';
import { startConsumer } from './consumer.ts';
import { type DatabaseOptions, type DatabaseSource, isDatabaseReady, openDatabase } from './database.ts';
import { connectDoorbell, type Doorbell } from './doorbell.ts';
import { createGrants, type Grants } from './grants.ts';
import type { Viewer } from './identity.ts';
import type { Logger } from './log.ts';
import { migrate } from './migrate.ts';
import { openStreamHub, type StreamHub } from './stream-hub.ts';
import { isInTransaction, type Transaction, transact } from './transaction.ts';

/** What a room stands on, for its whole life. */
export interface Room {
  readonly name: string;
  readonly orm: MikroORM;
  readonly doorbell: Doorbell;
  readonly hub: StreamHub;
  readonly log: Logger;
  isReady(): Promise<boolean>;
  /** Makes sure that the room has heard of everything committed so far, in one stream or in all. */
  catchUp(stream?: string): Promise<void>;
  close(): Promise<void>;
}

/** What a room needs from outside; one process can lend the same to several rooms. */
export interface Infrastructure {
  readonly source: DatabaseSource;
  readonly doorbell: Doorbell;
  readonly sweepSeconds: number;
  /** Lets go of what `connect` opened. What was lent stays open. */
  close(): Promise<void>;
}

/** The infrastructure of a room in a process of its own: PostgreSQL and Redis. */
export function connect(config: RoomConfig, log: Logger): Infrastructure {
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

/** What a room keeps, and what it does when it hears of what other rooms publish. */
export type RoomDefinition = Pick<DatabaseOptions, 'entities' | 'migrations'> & {
  name: string;
  reactions: readonly Reaction[];
};

/** Opens a room: its database, migrated, and its ear at the log. */
export async function openRoom(
  { name, entities, migrations, reactions }: RoomDefinition,
  { source, doorbell, sweepSeconds }: Infrastructure,
  log: Logger,
): Promise<Room> {
  const orm = await openDatabase({ room: name, entities, migrations, source, log });
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
  readonly room: Room;
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
export function createRequestContext(room: Room, viewer: Viewer, log: Logger): RequestContext {
  const em = room.orm.em.fork();
  return {
    viewer,
    em,
    grants: outsideTransactions(createGrants(em, viewer.id)),
    room,
    log,
    transact: (work) => transact({ em, doorbell: room.doorbell, actor: viewer.id }, work),
  };
}
