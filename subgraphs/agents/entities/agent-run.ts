import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import type { RunState } from '../../../schema/events/agents.ts';
import { Agent } from './agent.ts';

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
  | 'NO_LONGER_ALLOWED'
  | 'QUEUE_EXPIRED'
  | 'QUESTION_EXPIRED';

/** Priorities as the queue sorts them; the names are those of the GraphQL enum `RunPriority`. */
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
    agentId: () => p.manyToOne(Agent).mapToPk().fieldName('agent_id'),
    taskId: p.uuid(),
    projectId: p.uuid(),
    /** Only `change-run-state.ts` changes it. */
    state: p.text().$type<RunState>(),
    /** Which of the agent's slots the run holds, from 1; null while it holds none. */
    slot: p.integer().nullable(),
    /** The number of the newest attempt, 0 before the first. A repeated hand-over is not a new attempt. */
    attempt: p.integer(),
    instruction: p.text(),
    timeoutSeconds: p.integer(),
    priority: p.integer(),
    /** The run starts although tasks that must be done first are not done. */
    ignoreBlockers: p.boolean(),
    /** The person who asked for the run, directly or through an agent. */
    requestedBy: p.uuid(),
    retryOf: () => p.manyToOne(AgentRun).mapToPk().nullable().fieldName('retry_of'),
    /** The run in which an agent asked for this one. */
    startedByRunId: () => p.manyToOne(AgentRun).mapToPk().nullable().fieldName('started_by_run_id'),
    /** How many runs precede this one in a chain of runs that agents started from runs. */
    chainDepth: p.integer(),

    /** Until when one process may hand the run over; afterwards another process takes over. */
    leaseUntil: p.datetime().length(3).nullable(),
    /** Hand-overs of the newest attempt that OpenClaw did not admit. */
    handOverFailures: p.integer(),
    nextHandOverAt: p.datetime().length(3),
    /** The outcome of the last hand-over is unknown: OpenClaw's session is checked before the next one. */
    isHandOverUnknown: p.boolean(),
    /** Attempts in a row that failed for a transient reason. */
    transientFailures: p.integer(),
    /** When to send OpenClaw the next abort; null when there is nothing to stop. */
    abortAt: p.datetime().length(3).nullable(),
    abortsSent: p.integer(),

    queueExpiresAt: p.datetime().length(3),
    deadlineAt: p.datetime().length(3).nullable(),
    answer: p.text().nullable(),
    isAnswerTruncated: p.boolean(),
    /** A part of the answer that may be a question to a person. */
    possibleQuestion: p.text().nullable(),
    failureCode: p.text().$type<RunFailureCode>().nullable(),
    failureMessage: p.text().nullable(),

    queuedAt: p.datetime().length(3),
    startedAt: p.datetime().length(3).nullable(),
    /** When OpenClaw last showed that it knows the run. */
    heardAt: p.datetime().length(3).nullable(),
    /** When the reconciler last asked OpenClaw about the run. */
    checkedAt: p.datetime().length(3).nullable(),
    cancelRequestedAt: p.datetime().length(3).nullable(),
    endedAt: p.datetime().length(3).nullable(),
  },
});

/** One piece of work that an agent was asked to do on a task. */
export class AgentRun extends AgentRunSchema.class {}
AgentRunSchema.setClass(AgentRun);
