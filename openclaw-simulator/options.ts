import { randomBytes } from 'node:crypto';

/** The log of the simulator; a pino logger fits. */
export interface SimulatorLog {
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
}

/**
 * All settings of a simulator. The defaults of times and bounds are OpenClaw's values, measured on 2026.9.6; tests
 * shorten the times. A setting whose default is not OpenClaw's says so.
 */
export interface Settings {
  host: string;
  /** 0 chooses a free port. */
  port: number;
  /** Grants access to /hooks only. */
  hooksToken: string;
  /** Grants access to histories, /v1 and the WebSocket. */
  gatewayToken: string;
  /** Agent ids in lower case; the first is the default agent. */
  agents: readonly string[];
  /** Accepts any agent id, so that a first start needs no settings. OpenClaw accepts only the agents in its settings. */
  acceptAnyAgent: boolean;
  /** The agents that hooks may start (hooks.allowedAgentIds); null allows every agent. */
  allowedAgentIds: readonly string[] | null;
  allowRequestSessionKey: boolean;
  allowedSessionKeyPrefixes: readonly string[];

  /** The address to which the end of a run is posted, as by the Team Board plugin; null sends nothing. */
  callbackUrl: string | null;
  /** `whsec_<base64>`, the key format of Standard Webhooks. */
  callbackSecret: string;
  /** Only sessions whose key, without `agent:<id>:`, has one of these prefixes are reported. */
  callbackSessionKeyPrefixes: readonly string[];
  callbackTimeoutMs: number;
  callbackRetryFirstMs: number;
  callbackRetryMaxMs: number;

  /** The number of hook runs that may run at the same time. */
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
  /** How long SIGTERM then waits for unsent callbacks. The simulator keeps them in memory only. */
  callbackDrainMs: number;

  /** How long the model takes to answer a message without a marker. OpenClaw has no such setting. */
  delayMs: number;
  /** The model's answer to a message without a marker. OpenClaw has no such setting. */
  answer: string;
  /** The timeout of a run without timeoutSeconds. Not measured. */
  timeoutSecondsDefault: number;
  /** How long one second of timeoutSeconds lasts. Tests shorten it. */
  timeoutSecondMs: number;
  modelAttemptsMax: number;
  /** The delay before each retry of a failed model call. Shorter than OpenClaw's, whose retries take 70 to 140 s. */
  modelRetryMs: number;
  /** How long every run fails after a 401 of the model. OpenClaw: about 60,000. Off, so that one marker stops no board. */
  providerCooldownMs: number;

  log: SimulatorLog;
}

export type SimulatorOptions = Partial<Settings>;

/** Completes options with the defaults. The defaults of the tokens and the callback secret are random. */
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
