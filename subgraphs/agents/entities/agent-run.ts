import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import type { RunState } from '../../../schema/events/agents.ts';

/** Why a run ended without success; the same names as the GraphQL enum `RunFailureCode`. */
export type RunFailureCode =
  | 'AGENT_ERROR'
  | 'OPENCLAW_REFUSED'
  | 'OPENCLAW_UNAUTHORIZED'
  | 'OPENCLAW_UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'CANCELED_BY_USER';

const AgentRunSchema = defineEntity({
  name: 'AgentRun',
  tableName: 'agent_run',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    agentId: p.uuid(),
    taskId: p.uuid(),
    projectId: p.uuid(),
    state: p.string().$type<RunState>(),
    /** Which of the agent's slots it holds, from 1; null while it holds none. */
    slot: p.integer().nullable(),
    /** How often it was handed over as new work. A repeat of the same hand-over is not a new attempt. */
    attempt: p.integer(),
    instruction: p.text(),
    timeoutSeconds: p.integer(),
    requestedBy: p.uuid(),

    /** The session in OpenClaw, unique to the attempt: by it a callback finds its run. */
    sessionKey: p.string().nullable(),
    /** The exact bytes handed over; a repeat sends the same, or OpenClaw would start a second run. */
    requestBody: p.text().nullable(),
    /** Who is handing it over, until when; another process takes over afterwards. */
    leaseUntil: p.datetime().length(3).nullable(),
    handOverFailures: p.integer(),
    nextHandOverAt: p.datetime().length(3),
    deadlineAt: p.datetime().length(3).nullable(),

    answer: p.text().nullable(),
    isAnswerTruncated: p.boolean(),
    failureCode: p.string().$type<RunFailureCode>().nullable(),
    failureMessage: p.text().nullable(),
    inputTokens: p.integer().nullable(),
    outputTokens: p.integer().nullable(),
    usageModel: p.string().nullable(),

    queuedAt: p.datetime().length(3),
    startedAt: p.datetime().length(3).nullable(),
    /** When OpenClaw was last asked about it, because it had not reported. */
    checkedAt: p.datetime().length(3).nullable(),
    endedAt: p.datetime().length(3).nullable(),
  },
});

/** One piece of work that an agent was asked to do on a task. */
export class AgentRun extends AgentRunSchema.class {}
AgentRunSchema.setClass(AgentRun);
