import { defineEntity, p } from '@mikro-orm/core';
import { Task } from './task.ts';

const DependencySchema = defineEntity({
  name: 'Dependency',
  tableName: 'dependency',
  properties: {
    taskId: () => p.manyToOne(Task).mapToPk().fieldName('task_id').primary(),
    blockedById: () => p.manyToOne(Task).mapToPk().fieldName('blocked_by_id').primary(),
    /** The number of the task that blocks. It never changes, and orders the list of a task's blockers. */
    blockerNumber: p.integer(),
  },
});

/** A task waits for another task of its project. Dependencies never form a cycle. */
export class Dependency extends DependencySchema.class {}
DependencySchema.setClass(Dependency);
