import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';

/** What a column means; the same names as the GraphQL enum `ColumnCategory`. */
export type ColumnCategory =
  | 'BACKLOG'
  | 'TODO'
  | 'IN_PROGRESS'
  | 'IN_REVIEW'
  | 'DONE'
  | 'BLOCKED'
  | 'CANCELED';

/** Whether a task in such a column is still to be done, so that others wait for it. */
export const isOpenCategory = (category: ColumnCategory): boolean =>
  category !== 'DONE' && category !== 'CANCELED';

const BoardColumnSchema = defineEntity({
  name: 'BoardColumn',
  tableName: 'board_column',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    projectId: p.uuid(),
    name: p.string().length(100),
    category: p.string().$type<ColumnCategory>(),
    rank: p.text(),
    wipLimit: p.integer().nullable(),
  },
});

/** A column of a project's board. Behaviour hangs on its category, never on its name. */
export class BoardColumn extends BoardColumnSchema.class {}
BoardColumnSchema.setClass(BoardColumn);
