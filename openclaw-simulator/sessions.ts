import { randomUUID } from 'node:crypto';

/** One row of a session's history, as GET /sessions/<key>/history shows it. */
export interface Row {
  role: 'user' | 'assistant' | 'custom';
  content: string | { type: 'text'; text: string }[];
  timestamp: number;
  __openclaw: RowPlace;
  api?: string;
  /** The kind of a custom row. */
  customType?: string;
  display?: boolean;
  provider?: string;
  model?: string;
  usage?: Usage;
  stopReason?: string;
  errorMessage?: string;
}

interface RowPlace {
  /** Present only on rows that the model answered; a user's row has no run id. */
  runId?: string;
  id: string;
  recordTimestampMs: number;
  seq: number;
  /** Set together with `reason` when the text was truncated for this answer. */
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

/** Keeps sessions by their full key. They survive a restart of the gateway, as OpenClaw's files do. */
export function createSessions() {
  const byKey = new Map<string, Session>();
  return {
    find: (key: string) => byKey.get(key),
    /** Returns the session of this key, and creates it when there is none. */
    open(key: string): Session {
      const session = byKey.get(key) ?? { id: randomUUID(), key, rows: [] };
      byKey.set(key, session);
      return session;
    },
    /** Adds a row at the end. `runId` belongs only to rows that the model answered. */
    append(session: Session, row: NewRow, runId?: string): void {
      const timestamp = Date.now();
      const place = { id: randomUUID(), recordTimestampMs: timestamp, seq: session.rows.length + 1 };
      session.rows.push({ ...row, timestamp, __openclaw: runId === undefined ? place : { runId, ...place } });
    },
  };
}

/**
 * Returns the key under which OpenClaw keeps a session: `agent:<agentId>:<key>` in lower case.
 * A key that already starts with `agent:` gets no second prefix.
 */
export function fullSessionKey(agentId: string, key: string): string {
  const text = key.trim().toLowerCase();
  return text.startsWith('agent:') ? text : `agent:${agentId}:${text}`;
}

/** Removes `agent:<agentId>:` from a full key. */
export const shortSessionKey = (key: string) => key.replace(/^agent:[^:]+:/, '');

/** Creates the key of an isolated run. It contains neither the requested key nor the HTTP runId. */
export const isolatedSessionKey = (agentId: string) =>
  `agent:${agentId}:cron:${randomUUID()}:run:${randomUUID()}`;
