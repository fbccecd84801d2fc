import { defineEntity, p } from '@mikro-orm/core';

const BoardSchema = defineEntity({
  name: 'Board',
  tableName: 'board',
  properties: {
    /** The id of the project. A project has one board. */
    id: p.uuid().primary(),
    /** The project's key, with which the refs of its tasks begin. */
    key: p.string().length(10),
    /** The number of the project's newest task; 0 when it has none. */
    lastNumber: p.integer(),
  },
});

/** The board of a project: it counts the project's tasks. See `locks.ts` for what its row locks. */
export class Board extends BoardSchema.class {}
BoardSchema.setClass(Board);
