import type { AgentsConfig } from '../config.ts';
import { type HandOver, readHandOver, readNoAnswer } from './hand-over.ts';
import { type Finding, History, readHistory } from './history.ts';
import { abortSession } from './socket.ts';

/** What we ask of OpenClaw. It is a stranger: every answer is checked, bounded and timed. */
export interface OpenClaw {
  /** Hands a run over. Never throws: that nobody answered is an outcome too. */
  runAgent(body: string, idempotencyKey: string): Promise<HandOver>;
  /** What OpenClaw knows of a session. Throws when it does not say. */
  readSession(agentSlug: string, sessionKey: string): Promise<Finding>;
  /** Asks OpenClaw to stop what a session does. Throws when it cannot be asked. */
  abort(agentSlug: string, sessionKey: string): Promise<void>;
}

/** Answers are short, and of a history we read one row of at most 8,000 characters. */
const ANSWER_BYTES_MAX = 262_144;
/** The last row tells how a session ended. */
const HISTORY_ROWS = 1;
const QUESTION_TIMEOUT_MS = 10_000;

/** The address by which OpenClaw keeps a session of an agent. */
export const fullSessionKey = (agentSlug: string, sessionKey: string) => `agent:${agentSlug}:${sessionKey}`;

export function createOpenClaw(
  config: Pick<
    AgentsConfig,
    'OPENCLAW_URL' | 'OPENCLAW_TOKEN' | 'OPENCLAW_GATEWAY_TOKEN' | 'OPENCLAW_ADMISSION_TIMEOUT_SECONDS'
  >,
): OpenClaw {
  const address = (path: string) => new URL(path, config.OPENCLAW_URL);
  return {
    async runAgent(body, idempotencyKey) {
      try {
        const response = await fetch(address('/hooks/agent'), {
          method: 'POST',
          headers: {
            authorization: `Bearer ${config.OPENCLAW_TOKEN}`,
            'content-type': 'application/json',
            'idempotency-key': idempotencyKey,
          },
          body,
          redirect: 'manual', // following one would carry the token to wherever it points
          signal: AbortSignal.timeout(config.OPENCLAW_ADMISSION_TIMEOUT_SECONDS * 1000),
        });
        const text = await readBounded(response).catch(() => '');
        return readHandOver(response.status, text, response.headers.get('retry-after'));
      } catch (error) {
        return readNoAnswer(error);
      }
    },
    async readSession(agentSlug, sessionKey) {
      const key = encodeURIComponent(fullSessionKey(agentSlug, sessionKey));
      const response = await fetch(address(`/sessions/${key}/history?limit=${HISTORY_ROWS}`), {
        headers: { authorization: `Bearer ${config.OPENCLAW_GATEWAY_TOKEN}` },
        redirect: 'manual',
        signal: AbortSignal.timeout(QUESTION_TIMEOUT_MS),
      });
      const text = await readBounded(response);
      if (response.status === 404) return { kind: 'unknown' };
      if (response.status !== 200)
        throw new Error(`OpenClaw answered ${response.status} to the question for a session`);
      return readHistory(History.parse(JSON.parse(text)));
    },
    abort: (agentSlug, sessionKey) =>
      abortSession(config.OPENCLAW_URL, config.OPENCLAW_GATEWAY_TOKEN, fullSessionKey(agentSlug, sessionKey)),
  };
}

/** Reads a body up to `ANSWER_BYTES_MAX`; the rest is not fetched. */
async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString();
}
