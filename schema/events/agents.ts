import { z } from 'zod';
import { defineEvent } from './event.ts';

/** Where a run stands; the same names as the GraphQL enum `RunState`. */
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

/** The most characters of an answer that an event carries; the whole answer is at the run. */
export const EVENT_ANSWER_CHARACTERS_MAX = 18_000;

/** A run took a step. Exactly one event for each step, in order; a run has exactly one with a final state. */
export const RunChanged = defineEvent(
  'agents.run-changed.v1',
  z.object({
    runId: z.uuid(),
    agentId: z.uuid(),
    agentName: z.string(),
    taskId: z.uuid(),
    projectId: z.uuid(),
    state: z.enum(RUN_STATES),
    attempt: z.int().min(0),
    /** The agent's answer, cut to `EVENT_ANSWER_CHARACTERS_MAX`; only with SUCCEEDED. */
    answer: z.string().nullable(),
    /** Why it ended otherwise; only with FAILED, TIMED_OUT, CANCELED and EXPIRED. */
    failureMessage: z.string().nullable(),
    /** What the agent asks of a person; only with INPUT_REQUIRED. */
    question: z.string().nullable(),
  }),
);

/** An agent was changed, or took or finished a run; in the stream of every project in which it works. */
export const AgentChanged = defineEvent('agents.agent-changed.v1', z.object({ agentId: z.uuid() }));
