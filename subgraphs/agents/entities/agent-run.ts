import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import type { RunState } from '../../../schema/events/agents.ts';

/** Why a run or an attempt ended without success; the same names as the GraphQL enum `RunFailureCode`. */
export type RunFailureCode =
  | 'AGENT_ERROR'
  | 'MODEL_UNAVAILABLE'
  | 'OPENCLAW_LOST'
  | 'OPENCLAW_REFUSED'
  | 'OPENCLAW_UNAUTHORIZED'
  | 'OPENCLAW_UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'CANCELED_BY_USER'
  | 'QUEUE_EXPIRED'
  | 'QUESTION_EXPIRED';

/** Sorts as numbers in the queue; the names are those of the GraphQL enum `RunPriority`. */
export const RUN_PRIORITIES = { LOW: -1, NORMAL: 0, HIGH: 1 } as const;
export type RunPriority = keyof typeof RUN_PRIORITIES;

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
    /** The number of the newest attempt. A repeat of the same hand-over is not a new attempt. */
    attempt: p.integer(),
    instruction: p.text(),
    timeoutSeconds: p.integer(),
    priority: p.integer(),
    ignoresBlockers: p.boolean(),
    requestedBy: p.uuid(),
    retryOf: p.uuid().nullable(),
    /** The run whose agent started this one. */
    startedByRunId: p.uuid().nullable(),
    chainDepth: p.integer(),

    /** Who is handing it over, until when; another process takes over afterwards. */
    leaseUntil: p.datetime().length(3).nullable(),
    /** Hand-overs of the newest attempt that OpenClaw did not take. */
    handOverFailures: p.integer(),
    nextHandOverAt: p.datetime().length(3),
    /** Nobody learned whether OpenClaw took it: before it is sent again, OpenClaw is looked at. */
    isHandOverUnknown: p.boolean(),
    /** Attempts in a row that failed for a reason that may pass. */
    transientFailures: p.integer(),
    /** OpenClaw is to be told to stop it, next at this time; null when there is nothing to stop. */
    abortAt: p.datetime().length(3).nullable(),
    abortsSent: p.integer(),

    queueExpiresAt: p.datetime().length(3),
    deadlineAt: p.datetime().length(3).nullable(),
    answer: p.text().nullable(),
    isAnswerTruncated: p.boolean(),
    failureCode: p.string().$type<RunFailureCode>().nullable(),
    failureMessage: p.text().nullable(),

    queuedAt: p.datetime().length(3),
    startedAt: p.datetime().length(3).nullable(),
    /** When OpenClaw last showed that it knows of the run. */
    heardAt: p.datetime().length(3).nullable(),
    /** When OpenClaw was last asked about it, because it had not reported. */
    checkedAt: p.datetime().length(3).nullable(),
    cancelRequestedAt: p.datetime().length(3).nullable(),
    endedAt: p.datetime().length(3).nullable(),
  },
});

/** One piece of work that an agent was asked to do on a task. */
export class AgentRun extends AgentRunSchema.class {}
AgentRunSchema.setClass(AgentRun);
