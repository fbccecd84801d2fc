import type { RefusalReason } from './admission.ts';

/** A run to start. */
export interface RunRequest {
  /** The id in events, histories and callbacks. It differs from the HTTP runId. */
  runId: string;
  agentId: string;
  /** The full key, `agent:<agentId>:<key>`. */
  sessionKey: string;
  isPersistent: boolean;
  /** A recovery run ends in error when another run of its session starts. */
  isRecovery: boolean;
  message: string;
  /** The message as the history shows it. */
  prompt: string;
  timeoutSeconds: number | null;
  /** `cron` for hook runs, `user` for WebSocket and recovery runs. */
  trigger: 'cron' | 'user';
}

export interface Run extends RunRequest {
  startedAt: number;
  control: AbortController;
  /** The outcome; null when the gateway was killed before the run ended. */
  ended: Promise<Outcome | null>;
  /** Resolves after the first attempt of the run's callback, or at once when there is no callback. */
  reported: Promise<void>;
}

export interface RowContent {
  /** null: the row has no text part. */
  text: string | null;
  errorMessage?: string;
}

export interface Outcome {
  kind: 'answered' | 'failed' | 'timed-out' | 'aborted';
  disposition: 'visible' | 'silent' | 'empty';
  /** The whole answer; empty when there is none. */
  text: string;
  error: string | null;
  /** The content of the row that is added to the history; null adds none. The text of a failure is a notice. */
  rowContent: RowContent | null;
  stopReason: 'stop' | 'error' | 'aborted';
  attempts: number;
  startedAt: number;
  endedAt: number;
}

/** A run that a WebSocket client started under a key that it chose. */
export interface RpcRun {
  request: RunRequest;
  ended: Promise<Outcome | null>;
}

/** One hook run, kept from its first POST until five minutes after its end. Repeated POSTs attach to it. */
export interface Dispatch {
  /** The id of the run in HTTP answers. Events, histories and callbacks do not contain it. */
  runId: string;
  /** The run, or the reason why it was not admitted. */
  admitted: Promise<Run | RefusalReason>;
  /** Counts a client that waits for the answer. Admission is cancelled when the last waiting client detaches. */
  attach(): void;
  detach(): void;
}
