import { randomUUID } from 'node:crypto';
import { defineEntity, p, Type } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import type { EntityManager } from '@mikro-orm/postgresql';
import { openDatabase } from '../database/database.ts';
import { openTestInfrastructure, testLog } from '../testing/infrastructure.ts';

const BoardSchema = defineEntity({
  name: 'Board',
  tableName: 'board',
  properties: { id: p.uuid().primary(), projectId: p.uuid(), name: p.text() },
});

/** A parent of cards, which filters of cards can name. */
export class Board extends BoardSchema.class {}
BoardSchema.setClass(Board);

/** A text whose value in the database differs from that of the property. */
class StoredWithPrefix extends Type<string, string> {
  override convertToDatabaseValue = (value: string) => `stored:${value}`;
  override convertToJSValue = (value: string) => value.replace('stored:', '');
  override getColumnType = () => 'text';
}

const CardSchema = defineEntity({
  name: 'Card',
  tableName: 'card',
  properties: {
    id: p.uuid().primary(),
    boardId: p.manyToOne(Board).mapToPk().fieldName('board_id'),
    parentId: () => p.manyToOne(Card).mapToPk().fieldName('parent_id').nullable(),
    scope: p.text(),
    rank: p.integer(),
    code: p.type(StoredWithPrefix),
    title: p.text().fieldName('title_text'),
    dueAt: p.datetime().length(3).nullable(),
    writtenAt: p.datetime().length(3),
    tags: p.array(),
    checklist: p.json<{ text: string }[]>(),
    version: p.integer().version(),
  },
});

/** A row of lists: with a column of each kind that lists are ordered by, and of each kind that is hard to hydrate. */
export class Card extends CardSchema.class {}
CardSchema.setClass(Card);

class Migration0001Lists extends Migration {
  override up(): void {
    this.addSql('create schema if not exists lists');
    this.addSql(
      'create table lists.board (id uuid primary key, project_id uuid not null, name text not null)',
    );
    this.addSql(`create table lists.card (
      id uuid primary key, board_id uuid not null references lists.board, parent_id uuid references lists.card,
      scope text not null, rank int not null, code text collate "C" not null, title_text text collate "C" not null, due_at timestamptz(3),
      written_at timestamptz(3) not null, tags text[] not null, checklist jsonb not null,
      version int not null default 1)`);
    this.addSql('create index card_of_board on lists.card (board_id, rank, id)');
  }

  override down(): void {
    this.addSql('drop schema lists cascade');
  }
}

/** Opens a database of boards and cards. */
export async function openLists() {
  const infrastructure = await openTestInfrastructure();
  const { source } = infrastructure;
  const migrations = [{ name: '0001-lists', class: Migration0001Lists }];
  const orm = await openDatabase({
    schema: 'lists',
    entities: [Board, Card],
    migrations,
    source,
    log: testLog,
  });
  await orm.migrator.up();
  return {
    orm,
    em: (): EntityManager => orm.em.fork(),
    async close() {
      await orm.close();
      await infrastructure.close();
    },
  };
}

export type Lists = Awaited<ReturnType<typeof openLists>>;

/** Inserts a board. */
export async function insertBoard(em: EntityManager, projectId: string = randomUUID()): Promise<string> {
  const id = randomUUID();
  await em.insert(Board, { id, projectId, name: 'Board' });
  return id;
}

/** The columns of a card of which the tests tell nothing else. */
export const aCard = (boardId: string) => ({
  id: randomUUID(),
  boardId,
  parentId: null,
  scope: `board:${boardId}`,
  rank: 0,
  code: 'c',
  title: 'Card',
  dueAt: null,
  writtenAt: new Date(Date.UTC(2026, 0, 1)),
  tags: ['a'],
  checklist: [{ text: 'b' }],
});
