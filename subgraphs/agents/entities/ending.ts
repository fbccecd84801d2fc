import type { RunFailureCode } from './agent-run.ts';
import type { ModelUsage } from './run-attempt.ts';

/** A question that an agent asks a person. */
export interface AskedQuestion {
  body: string;
  /** The answers to choose from; empty when any text is an answer. */
  choices: string[];
}

/** The last message of an agent in an attempt, whole unless OpenClaw cut it. */
export interface AgentMessage {
  readonly text: string;
  readonly isTruncated: boolean;
}

/**
 * How an attempt ended, as OpenClaw tells it by a callback or by its history. `said` is the agent's last message, whatever
 * else was read out of it.
 */
export type Ending = { readonly said?: AgentMessage | null } & Result;

type Result =
  | {
      kind: 'answered';
      answer: string;
      isTruncated: boolean;
      /** A part of the answer that may be a question to a person. */
      possibleQuestion: string | null;
      usage: ModelUsage | null;
    }
  | { kind: 'asked'; question: AskedQuestion; usage: ModelUsage | null }
  | {
      kind: 'failed';
      code: RunFailureCode;
      message: string;
      usage: ModelUsage | null;
      /** The reason may pass: a new attempt may succeed. */
      isTransient: boolean;
      /** OpenClaw may continue by itself and report again. */
      isDoubtful: boolean;
    }
  /** The attempt took longer than the run may take. */
  | { kind: 'timed-out'; message: string }
  | { kind: 'aborted' };
