import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import { streamPosition } from '../../../platform/event-log/stream-position.ts';
import { projectStream } from '../../../schema/events/event.ts';

const ProjectSchema = defineEntity({
  name: 'Project',
  tableName: 'project',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    key: p.string().length(10).unique('project_key_unique'),
    name: p.string().length(100),
    description: p.text().nullable(),
    version: p.integer().version(),
    createdAt: p.datetime().length(3),
    updatedAt: p.datetime().length(3),
    /** How far the project's stream was when the row was read. */
    streamSeq: streamPosition(({ id }) => `'${projectStream('')}' || ${id}`),
  },
});

/** What a team works on. Its members are the grants in its scope. */
export class Project extends ProjectSchema.class {}
ProjectSchema.setClass(Project);
