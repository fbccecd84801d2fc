import { randomUUID } from 'node:crypto';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { defineEvent } from '../../schema/events/event.ts';
import type { DatabaseOptions } from '../database/database.ts';
import type { Doorbell } from '../event-log/doorbell.ts';
import type { Reader } from '../event-log/readers.ts';
import { transact } from '../event-log/transaction.ts';
import { systemPart } from '../identity/actor.ts';
import type { Infrastructure } from '../subgraph/infrastructure.ts';
import { openSubgraph } from '../subgraph/subgraph.ts';
import { openTestInfrastructure, testLog } from '../testing/infrastructure.ts';

const NoteSchema = defineEntity({
  name: 'Note',
  tableName: 'note',
  properties: {
    id: p.uuid().primary(),
    text: p.text(),
    rank: p.integer(),
    writtenAt: p.datetime().length(3),
  },
});

/** The rows of the subgraph of these tests. */
export class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

export class Migration0001Notes extends Migration {
  override up(): void {
    this.addSql('create schema if not exists lab');
    this.addSql(`create table lab.note (
      id uuid primary key, text text not null, rank int not null, written_at timestamptz(3) not null)`);
  }

  override down(): void {
    this.addSql('drop table lab.note');
  }
}

export const LAB_DATABASE = {
  entities: [Note],
  migrations: [{ name: '0001-notes', class: Migration0001Notes }],
} satisfies Pick<DatabaseOptions, 'entities' | 'migrations'>;

/** The events of these tests. */
export const NoteWritten = defineEvent('lab.note-written.v1', z.object({ text: z.string() }));
export const NoteStruck = defineEvent('lab.note-struck.v1', z.object({ text: z.string() }));
export const BOTH = { types: [NoteWritten.type, NoteStruck.type] };

/** A doorbell that loses every hint. */
export const SILENT_DOORBELL: Doorbell = {
  ring: () => undefined,
  listen: async () => () => undefined,
  isHealthy: () => false,
  close: async () => undefined,
};

export const numbered = (count: number, prefix = '') =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`);
export const aStream = () => `notebook:${randomUUID()}`;

/** The actor of transactions in which it does not matter who acts. */
export const TESTS = systemPart('lab.tests');

/** The order in which the subgraph of these tests takes its locks. */
export const LAB_LOCKS = ['Note'] as const;

export interface WorldOptions {
  database?: Pick<DatabaseOptions, 'entities' | 'migrations'>;
  readers?: readonly Reader[];
  locks?: readonly string[];
  /** By default 60 s, so that what arrives sooner came by the doorbell. */
  sweepSeconds?: number;
  infrastructure?: Infrastructure;
}

interface WriteOptions {
  /** The subject of the events. By default a new one for each call. */
  subject?: string;
  definition?: typeof NoteWritten;
  doorbell?: Doorbell;
}

/** Opens a subgraph of notes on its own database, or with `infrastructure` on the database of another subgraph. */
export async function openWorld({
  database = LAB_DATABASE,
  readers = [],
  locks = LAB_LOCKS,
  sweepSeconds = 60,
  infrastructure,
}: WorldOptions = {}) {
  const own = infrastructure ?? (await openTestInfrastructure(sweepSeconds));
  const subgraph = await openSubgraph({ name: 'lab', ...database, readers, locks }, own, testLog);
  const em = (): EntityManager => subgraph.orm.em.fork();
  return {
    subgraph,
    infrastructure: own,
    em,
    /** Publishes one event for each text, all in one transaction. */
    write(stream: string, texts: readonly string[], options: WriteOptions = {}) {
      const { subject = randomUUID(), definition = NoteWritten, doorbell = own.doorbell } = options;
      return transact({ em: em(), doorbell, actor: TESTS, locks: [] }, async (tx) => {
        for (const text of texts) tx.publish(definition, { stream, subject, payload: { text } });
      });
    },
    async close() {
      await subgraph.close();
      if (!infrastructure) await own.close();
    },
  };
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** A row for tests to which only its text matters. */
export const aNote = (text: string) => ({ id: randomUUID(), text, rank: 0, writtenAt: new Date() });
