import { defineEntity, p } from '@mikro-orm/core';

const KnownProjectSchema = defineEntity({
  name: 'KnownProject',
  tableName: 'known_project',
  properties: {
    id: p.uuid().primary(),
    key: p.string().length(10),
    /** The number of the project's newest task; 0 when it has none. */
    lastNumber: p.integer(),
  },
});

/** What this subgraph has heard of a project. Its row is the lock under which tasks are numbered and depend on others. */
export class KnownProject extends KnownProjectSchema.class {}
KnownProjectSchema.setClass(KnownProject);
