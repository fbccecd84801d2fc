import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';

const AgentSchema = defineEntity({
  name: 'Agent',
  tableName: 'agent',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    name: p.string().length(100),
    /** The id of the agent in OpenClaw. Agents in use differ in it within a target: the index `agent_slug_in_use`. */
    slug: p.string().length(50),
    model: p.string().length(100),
    systemPrompt: p.text().nullable(),
    maxConcurrent: p.integer(),
    isEnabled: p.boolean(),
    avatarUrl: p.string().length(2000).nullable(),
    ownerId: p.uuid(),
    tags: p.array(),
    /** The projects that may use the agent; null for all projects. */
    projectIds: p.array().nullable(),
    /** The name of the target that runs the agent. */
    target: p.string().length(40),
    archivedAt: p.datetime().length(3).nullable(),
    version: p.integer().version(),
    createdAt: p.datetime().length(3),
    updatedAt: p.datetime().length(3),
  },
});

/** A worker that OpenClaw runs. Its status is not stored: it is derived from its runs whenever it is read. */
export class Agent extends AgentSchema.class {}
AgentSchema.setClass(Agent);
