import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import type { ActorKind } from '../../../platform/identity/actor-columns.ts';
import { Task } from './task.ts';

const TaskChangeSchema = defineEntity({
  name: 'TaskChange',
  tableName: 'task_change',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    taskId: () => p.manyToOne(Task).mapToPk().fieldName('task_id'),
    /** The name of a field of the GraphQL type `Task`. */
    field: p.text(),
    from: p.text().fieldName('from_value').nullable(),
    to: p.text().fieldName('to_value').nullable(),
    actorKind: p.text().$type<ActorKind>(),
    actorId: p.uuid(),
    /** The run in which an agent made the change; null for a person. */
    runId: p.uuid().nullable(),
    createdAt: p
      .datetime()
      .length(3)
      .onCreate(() => new Date()),
  },
});

/** A line of a task's history, written in the transaction of the change. */
export class TaskChange extends TaskChangeSchema.class {}
TaskChangeSchema.setClass(TaskChange);
