import { defineEntity, p } from '@mikro-orm/core';

const KnownTaskSchema = defineEntity({
  name: 'KnownTask',
  tableName: 'known_task',
  properties: {
    id: p.uuid().primary(),
    projectId: p.uuid(),
    ref: p.text(),
    title: p.text(),
    description: p.text().nullable(),
    checklist: p.json<{ text: string; isDone: boolean }[]>(),
    /** The refs of the tasks that must be done first and are not. */
    openBlockerRefs: p.json<string[]>(),
    /** The task stands in a column of finished work. */
    isFinished: p.boolean(),
    /** The task is archived. */
    isRemoved: p.boolean(),
  },
});

/**
 * What runs need of a task: enough to start one and to render its prompt while the tasks subgraph is down.
 * A projection of `TaskChanged` and `TaskRemoved`.
 */
export class KnownTask extends KnownTaskSchema.class {}
KnownTaskSchema.setClass(KnownTask);
