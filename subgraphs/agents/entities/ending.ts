import type { RunFailureCode } from './agent-run.ts';
import type { ModelUsage } from './run-attempt.ts';

/** A question that an agent asks a person. */
export interface AskedQuestion {
  body: string;
  /** The answers to choose from; empty when any text is an answer. */
  choices: string[];
}

/** How an attempt ended, as OpenClaw tells it by a callback or by its history. */
export type Ending =
  | { kind: 'answered'; answer: string; isTruncated: boolean; usage: ModelUsage | null }
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
