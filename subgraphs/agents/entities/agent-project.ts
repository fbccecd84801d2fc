import { defineEntity, p } from '@mikro-orm/core';
import { Agent } from './agent.ts';

const AgentProjectSchema = defineEntity({
  name: 'AgentProject',
  tableName: 'agent_project',
  properties: {
    agentId: () => p.manyToOne(Agent).mapToPk().primary().fieldName('agent_id'),
    projectId: p.uuid().primary(),
    /** When a run of this project was last claimed for the agent; null before the first claim. */
    lastTurnAt: p.datetime().length(3).nullable(),
  },
});

/** A project in which an agent has worked: its stream gets the agent's events, and its runs take turns with others. */
export class AgentProject extends AgentProjectSchema.class {}
AgentProjectSchema.setClass(AgentProject);
