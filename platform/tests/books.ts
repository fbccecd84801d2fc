import { randomUUID } from 'node:crypto';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import type { DatabaseOptions } from '../database/database.ts';
import { LAB_DATABASE } from './world.ts';

const ShelfSchema = defineEntity({
  name: 'Shelf',
  tableName: 'shelf',
  properties: { id: p.uuid().primary(), room: p.text().default('cellar') },
});
export class Shelf extends ShelfSchema.class {}
ShelfSchema.setClass(Shelf);

const BookSchema = defineEntity({
  name: 'Book',
  tableName: 'book',
  properties: {
    id: p.uuid().primary(),
    shelfId: () => p.manyToOne(Shelf).mapToPk().fieldName('shelf_id'),
    title: p.text(),
    borrower: p.text().nullable(),
    tags: p.array(),
    details: p.json<{ pages: number; chapters: string[] }>().nullable(),
    dueAt: p.datetime().length(3).nullable(),
    loans: p.integer().default(0),
    version: p.integer().version(),
    updatedAt: p
      .datetime()
      .length(3)
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
});

/** A row with every kind of column that subgraphs use: a relation that keeps plain ids, an array, JSON, and defaults. */
export class Book extends BookSchema.class {}
BookSchema.setClass(Book);

class Migration0002Books extends Migration {
  override up(): void {
    this.addSql(`create table lab.shelf (id uuid primary key, room text not null default 'cellar')`);
    this.addSql(`create table lab.book (
      id uuid primary key,
      shelf_id uuid not null references lab.shelf,
      title text not null,
      borrower text,
      tags text[] not null,
      details jsonb,
      due_at timestamptz(3),
      loans int not null default 0,
      version int not null default 1,
      updated_at timestamptz(3) not null)`);
  }
}

export const BOOKS_DATABASE = {
  entities: [...LAB_DATABASE.entities, Shelf, Book],
  migrations: [...LAB_DATABASE.migrations, { name: '0002-books', class: Migration0002Books }],
} satisfies Pick<DatabaseOptions, 'entities' | 'migrations'>;

export const aShelf = (room = 'cellar') => ({ id: randomUUID(), room });

export const aBook = (shelfId: string, title: string, values: Partial<Book> = {}) => ({
  id: randomUUID(),
  shelfId,
  title,
  borrower: null,
  tags: [],
  details: null,
  dueAt: null,
  updatedAt: new Date(),
  ...values,
});
