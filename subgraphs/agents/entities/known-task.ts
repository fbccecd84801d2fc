import { defineEntity, p } from '@mikro-orm/core';

const KnownTaskSchema = defineEntity({
  name: 'KnownTask',
  tableName: 'known_task',
  properties: {
    id: p.uuid().primary(),
    projectId: p.uuid(),
    ref: p.string(),
    title: p.text(),
    description: p.text().nullable(),
    checklist: p.json<{ text: string; isDone: boolean }[]>(),
    /** The refs of the tasks that must be done first and are not. */
    openBlockerRefs: p.json<string[]>(),
    isRemoved: p.boolean(),
  },
});

/** What this subgraph has heard of a task: enough to start a run and to write its prompt while tasks is down. */
export class KnownTask extends KnownTaskSchema.class {}
KnownTaskSchema.setClass(KnownTask);
