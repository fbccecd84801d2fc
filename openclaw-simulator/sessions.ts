import { randomUUID } from 'node:crypto';

/** One line of a session's history, as GET /sessions/<key>/history shows it. */
export interface Row {
  role: 'user' | 'assistant' | 'custom';
  content: string | { type: 'text'; text: string }[];
  timestamp: number;
  __openclaw: RowPlace;
  api?: string;
  /** What a custom line is about. */
  customType?: string;
  display?: boolean;
  provider?: string;
  model?: string;
  usage?: Usage;
  stopReason?: string;
  errorMessage?: string;
}

interface RowPlace {
  /** Only on what the model answered; a user's line does not tell its run. */
  runId?: string;
  id: string;
  recordTimestampMs: number;
  seq: number;
  /** With a reason when the text was cut for this answer. */
  truncated?: boolean;
  reason?: string;
}

export interface Usage {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  totalTokens: number;
}

export interface Session {
  id: string;
  key: string;
  rows: Row[];
}

export type NewRow = Omit<Row, 'timestamp' | '__openclaw'>;
export type Sessions = ReturnType<typeof createSessions>;

/** The sessions by their full key. They outlive a restart of the gateway, as OpenClaw's files do. */
export function createSessions() {
  const byKey = new Map<string, Session>();
  return {
    find: (key: string) => byKey.get(key),
    /** The session under this key, made when there is none. */
    open(key: string): Session {
      const session = byKey.get(key) ?? { id: randomUUID(), key, rows: [] };
      byKey.set(key, session);
      return session;
    },
    /** Adds a line at the end; `runId` only for what a run's model answered. */
    append(session: Session, row: NewRow, runId?: string): void {
      const timestamp = Date.now();
      const place = { id: randomUUID(), recordTimestampMs: timestamp, seq: session.rows.length + 1 };
      session.rows.push({ ...row, timestamp, __openclaw: runId === undefined ? place : { runId, ...place } });
    },
  };
}

/**
 * The key under which OpenClaw keeps a session: `agent:<agentId>:<key>`, all in lower case.
 * A key that already starts with `agent:` stays as it is.
 */
export function fullSessionKey(agentId: string, key: string): string {
  const text = key.trim().toLowerCase();
  return text.startsWith('agent:') ? text : `agent:${agentId}:${text}`;
}

/** A full key without `agent:<agentId>:`. */
export const shortSessionKey = (key: string) => key.replace(/^agent:[^:]+:/, '');

/** An isolated run's own key: neither the requested key nor the HTTP runId appears in it. */
export const isolatedSessionKey = (agentId: string) =>
  `agent:${agentId}:cron:${randomUUID()}:run:${randomUUID()}`;
