import { z } from 'zod';
import { defineEvent } from './event.ts';

/** The states of a run; the same names as the GraphQL enum `RunState`. */
export const RUN_STATES = [
  'QUEUED',
  'DISPATCHING',
  'RUNNING',
  'INPUT_REQUIRED',
  'CANCELING',
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'CANCELED',
  'EXPIRED',
] as const;
export type RunState = (typeof RUN_STATES)[number];

/** The most characters of an answer that an event carries; the run keeps the whole answer. */
export const EVENT_ANSWER_CHARACTERS_MAX = 18_000;

/**
 * A run changed its state. There is exactly one event for each change, in order, and exactly one with a final state.
 * In the stream of the run's project.
 */
export const RunChanged = defineEvent(
  'agents.run-changed.v1',
  z.object({
    runId: z.uuid(),
    agentId: z.uuid(),
    agentName: z.string(),
    taskId: z.uuid(),
    projectId: z.uuid(),
    /** The person for whom the agent works. */
    requestedBy: z.uuid(),
    state: z.enum(RUN_STATES),
    attempt: z.int().min(0),
    /** The agent's answer, cut to `EVENT_ANSWER_CHARACTERS_MAX`; only with SUCCEEDED. */
    answer: z.string().nullable(),
    /** Why the run ended without success; only with FAILED, TIMED_OUT, CANCELED and EXPIRED. */
    failureMessage: z.string().nullable(),
    /** What the agent says and asks a person, cut like the answer; only with INPUT_REQUIRED. */
    question: z.string().nullable(),
    /** A part of the answer that may be a question to a person. Events that were logged earlier do not say it. */
    possibleQuestion: z.string().nullable().default(null),
  }),
);

/**
 * An agent was added or changed, or has more or less to do; the payload is the agent after the change.
 * In the stream of every project in which the agent has worked, and, if its settings changed, of those in which it may work.
 */
export const AgentChanged = defineEvent(
  'agents.agent-changed.v2',
  z.object({
    agentId: z.uuid(),
    name: z.string(),
    slug: z.string(),
    avatarUrl: z.string().nullable(),
    isEnabled: z.boolean(),
    isArchived: z.boolean(),
  }),
);
