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

/** What prompts need of a project. A projection of `ProjectChanged`. */
export class KnownProject extends KnownProjectSchema.class {}
KnownProjectSchema.setClass(KnownProject);
