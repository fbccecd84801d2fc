import type { MikroORM } from '@mikro-orm/postgresql';
import { type DatabaseOptions, isDatabaseReady, openDatabase, writeProblem } from '../database/database.ts';
import { migrate } from '../database/migrate.ts';
import type { Doorbell } from '../event-log/doorbell.ts';
import type { IdempotentCall } from '../event-log/idempotency.ts';
import { type Reader, startReaders } from '../event-log/readers.ts';
import type { RetentionRule } from '../event-log/retention.ts';
import { openStreamHub, type StreamHub } from '../event-log/stream-hub.ts';
import { type Transaction, transact } from '../event-log/transaction.ts';
import type { Actor } from '../identity/actor.ts';
import { DomainError } from '../input/errors.ts';
import type { Logger } from '../process/log.ts';
import { runOwnWork } from '../process/work.ts';
import type { Infrastructure } from './infrastructure.ts';

/** An open subgraph: its database, its readers of the log, and its stream hub. */
export interface Subgraph {
  readonly name: string;
  readonly orm: MikroORM;
  readonly doorbell: Doorbell;
  readonly hub: StreamHub;
  readonly log: Logger;
  isReady(): Promise<boolean>;
  /** Runs the work of one operation in one transaction, in the name of an actor; see `transact`. */
  transact<Result>(
    actor: Actor,
    work: (tx: Transaction) => Promise<Result>,
    call?: IdempotentCall | null,
  ): Promise<Result>;
  /** Resolves when all its readers have reacted to everything committed so far, in one stream or in all. */
  catchUp(stream?: string): Promise<void>;
  close(): Promise<void>;
}

/** The rows of a subgraph, and its reactions to the events of other subgraphs. */
export interface DataDefinition extends Pick<DatabaseOptions, 'entities' | 'migrations'> {
  name: string;
  readers: readonly Reader[];
  /** The order in which transactions take their locks. */
  locks: readonly string[];
  /** Which of its rows are removed after some days; see `removeExpired`. */
  retention?: readonly RetentionRule[];
}

/** Migrates the database of a subgraph, opens its stream hub, and starts its readers of the log. */
export async function openSubgraph(
  { name, entities, migrations, readers, locks }: DataDefinition,
  { source, doorbell, sweepSeconds }: Infrastructure,
  log: Logger,
): Promise<Subgraph> {
  const orm = await openDatabase({ schema: name, entities, migrations, source, log });
  await migrate(orm, source, log);
  const transactAs: Subgraph['transact'] = async (actor, work, call) => {
    const problem = writeProblem(source);
    if (problem) throw new DomainError('UNAVAILABLE', problem);
    return transact({ em: orm.em, doorbell, actor, locks, call }, work);
  };
  const hub = await openStreamHub(orm, doorbell, { sweepSeconds, log });
  const readersAtWork = await startReaders(readers, {
    orm,
    doorbell,
    transact: transactAs,
    sweepSeconds,
    log,
  });
  return {
    name,
    orm,
    doorbell,
    hub,
    log,
    isReady: async () => writeProblem(source) === undefined && isDatabaseReady(orm),
    transact: transactAs,
    catchUp: (stream) => runOwnWork(() => readersAtWork.catchUp(stream)),
    async close() {
      hub.close();
      await readersAtWork.close();
      await orm.close();
    },
  };
}
