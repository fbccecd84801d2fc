import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import { Board } from './board.ts';
import { BoardColumn } from './board-column.ts';

/** How urgent a task is; the same names as the GraphQL enum `Priority`. */
export const PRIORITIES = ['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface ChecklistItem {
  text: string;
  isDone: boolean;
}

const TaskSchema = defineEntity({
  name: 'Task',
  tableName: 'task',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    projectId: () => p.manyToOne(Board).mapToPk().fieldName('project_id'),
    number: p.integer(),
    /** The project's key and the number when the task was created. It stays: people have written it down. */
    ref: p.string().length(21),
    columnId: () => p.manyToOne(BoardColumn).mapToPk().fieldName('column_id'),
    /** The place in the column. Unique there among the tasks that are not archived. */
    rank: p.text(),
    title: p.string().length(200),
    description: p.text().nullable(),
    checklist: p.json<ChecklistItem[]>(),
    priority: p.text().$type<Priority>(),
    assigneeId: p.uuid().nullable(),
    delegateId: p.uuid().nullable(),
    reporterId: p.uuid(),
    parentId: () => p.manyToOne(Task).mapToPk().fieldName('parent_id').nullable(),
    archivedAt: p.datetime().length(3).nullable(),
    version: p.integer().version(),
    createdAt: p
      .datetime()
      .length(3)
      .onCreate(() => new Date()),
    updatedAt: p
      .datetime()
      .length(3)
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
});

/** A piece of work on a board. `task-fields.ts` lists what can change, `apply-task-changes.ts` changes it. */
export class Task extends TaskSchema.class {}
TaskSchema.setClass(Task);
