import { randomBytes } from 'node:crypto';

/** Where the simulator writes what happened; pino fits. */
export interface SimulatorLog {
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
}

/**
 * Everything about a simulator that can be chosen. Times have OpenClaw's own values as defaults, measured on
 * 2026.9.6; tests compress them. Where a default is not OpenClaw's, its line says so.
 */
export interface Settings {
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** Opens /hooks only. */
  hooksToken: string;
  /** Opens history, /v1 and the WebSocket. */
  gatewayToken: string;
  /** Agent ids in lower case; the first is the default agent. */
  agents: readonly string[];
  /** Any agent id will do, so that the first board needs no settings. OpenClaw knows only those in its settings. */
  acceptAnyAgent: boolean;
  /** The ids that hooks may name (hooks.allowedAgentIds); null allows every agent. */
  allowedAgentIds: readonly string[] | null;
  allowRequestSessionKey: boolean;
  allowedSessionKeyPrefixes: readonly string[];

  /** Where the Team Board plugin would POST the end of a run; null sends nothing. */
  callbackUrl: string | null;
  /** `whsec_<base64>`, as Standard Webhooks writes a key. */
  callbackSecret: string;
  /** Only sessions whose key, without `agent:<id>:`, starts like this are reported. */
  callbackSessionKeyPrefixes: readonly string[];
  callbackTimeoutMs: number;
  callbackRetryFirstMs: number;
  callbackRetryMaxMs: number;

  /** How many hook runs may run at once. */
  slots: number;
  admissionTimeoutMs: number;
  idempotencyKeptMs: number;
  idempotencyEntriesMax: number;
  badTokensMax: number;
  badTokensWindowMs: number;
  bodyBytesMax: number;
  bodyTimeoutMs: number;
  historyTextCharactersMax: number;
  waitTextCharactersMax: number;
  /** How long SIGTERM waits for running runs. */
  drainMs: number;
  /** How long SIGTERM then waits for unsent callbacks; the simulator has no outbox on disk. */
  callbackDrainMs: number;

  /** How long the model thinks when the message does not say; OpenClaw has no such setting. */
  delayMs: number;
  /** What the model says when the message does not say; OpenClaw has no such setting. */
  answer: string;
  /** The bound of a run without timeoutSeconds. Not measured. */
  timeoutSecondsDefault: number;
  /** How long one second of timeoutSeconds lasts; a test makes it shorter. */
  timeoutSecondMs: number;
  modelAttemptsMax: number;
  /** The pause before each retry of a failed model call. OpenClaw spends 70 to 140 s on them; this is shorter. */
  modelRetryMs: number;
  /** How long every run fails after the model answered 401. OpenClaw: about 60,000. Off, lest one marker stops a board. */
  providerCooldownMs: number;

  log: SimulatorLog;
}

export type SimulatorOptions = Partial<Settings>;

/** Completes options with the defaults. Tokens and the callback secret are random unless given. */
export function readOptions(options: SimulatorOptions): Settings {
  return {
    host: '127.0.0.1',
    port: 0,
    hooksToken: randomBytes(24).toString('hex'),
    gatewayToken: randomBytes(24).toString('hex'),
    callbackSecret: `whsec_${randomBytes(32).toString('base64')}`,
    ...DEFAULTS,
    ...options,
  };
}

const DEFAULTS = {
  agents: ['main', 'researcher'],
  acceptAnyAgent: false,
  allowedAgentIds: null,
  allowRequestSessionKey: true,
  allowedSessionKeyPrefixes: ['hook:', 'task:', 'chat:'],
  callbackUrl: null,
  callbackSessionKeyPrefixes: ['task:', 'chat:'],
  callbackTimeoutMs: 10_000,
  callbackRetryFirstMs: 500,
  callbackRetryMaxMs: 60_000,
  slots: 8,
  admissionTimeoutMs: 15_000,
  idempotencyKeptMs: 300_000,
  idempotencyEntriesMax: 1000,
  badTokensMax: 20,
  badTokensWindowMs: 60_000,
  bodyBytesMax: 256 * 1024,
  bodyTimeoutMs: 30_000,
  historyTextCharactersMax: 8000,
  waitTextCharactersMax: 4096,
  drainMs: 315_000,
  callbackDrainMs: 10_000,
  delayMs: 200,
  answer:
    'This answer comes from the OpenClaw simulator: no model was asked and no work was done. A real agent would report its result here.',
  timeoutSecondsDefault: 600,
  timeoutSecondMs: 1000,
  modelAttemptsMax: 8,
  modelRetryMs: 100,
  providerCooldownMs: 0,
  log: { info() {}, warn() {} },
} satisfies SimulatorOptions;
