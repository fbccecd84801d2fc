import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import { Board } from './board.ts';

/** The categories of columns with unfinished tasks. The tasks that wait for such a task are blocked. */
export const OPEN_CATEGORIES = ['BACKLOG', 'TODO', 'IN_PROGRESS', 'IN_REVIEW', 'BLOCKED'] as const;
export type OpenCategory = (typeof OPEN_CATEGORIES)[number];

/** What a column means; the same names as the GraphQL enum `ColumnCategory`. */
export type ColumnCategory = OpenCategory | 'DONE' | 'CANCELED';

/** Whether the tasks in a column of this category are unfinished. */
export const isOpenCategory = (category: ColumnCategory): category is OpenCategory =>
  (OPEN_CATEGORIES as readonly ColumnCategory[]).includes(category);

const BoardColumnSchema = defineEntity({
  name: 'BoardColumn',
  tableName: 'board_column',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    projectId: () => p.manyToOne(Board).mapToPk().fieldName('project_id'),
    name: p.string().length(100),
    category: p.text().$type<ColumnCategory>(),
    rank: p.text(),
    wipLimit: p.integer().nullable(),
  },
});

/** A column of a board. Its category decides how it behaves, never its name. */
export class BoardColumn extends BoardColumnSchema.class {}
BoardColumnSchema.setClass(BoardColumn);
