import { defineEntity, p } from '@mikro-orm/core';

const KnownProjectSchema = defineEntity({
  name: 'KnownProject',
  tableName: 'known_project',
  properties: {
    id: p.uuid().primary(),
    name: p.text(),
    description: p.text().nullable(),
  },
});

/** What this subgraph has heard of a project, for prompts. */
export class KnownProject extends KnownProjectSchema.class {}
KnownProjectSchema.setClass(KnownProject);
