import { defineEntity, p } from '@mikro-orm/core';

const DependencySchema = defineEntity({
  name: 'Dependency',
  tableName: 'dependency',
  properties: {
    taskId: p.uuid().primary(),
    blockedById: p.uuid().primary(),
  },
});

/** A task waits for another one of its project. Never in a circle. */
export class Dependency extends DependencySchema.class {}
DependencySchema.setClass(Dependency);
