import { z } from 'zod';
import { type HandOver, readHandOver, readNoAnswer } from './hand-over.ts';
import { type Finding, History, readHistory } from './history.ts';
import { type AbortOutcome, abortSession } from './socket.ts';
import { readTranscript, type TranscriptPage } from './transcript.ts';

/** What we ask of OpenClaw. It is a stranger: every answer is checked, bounded and timed. */
export interface OpenClaw {
  /** Hands a run over. Never throws: that nobody answered is an outcome too. */
  runAgent(body: string, idempotencyKey: string): Promise<HandOver>;
  /**
   * Asks how a run ended, by the bytes and the key that handed it over: OpenClaw knows the repeat and starts nothing,
   * for as long as it has not been restarted and until five minutes after the end. Only for callers who made sure.
   */
  readCompletion(body: string, idempotencyKey: string): Promise<Completion>;
  /** What OpenClaw knows of a session. Throws when it does not say. */
  readSession(session: Session): Promise<Finding>;
  /** What was said in a session: the newest `rows` messages before a position. Throws when OpenClaw does not say. */
  readTranscript(session: Session, page: { rows: number; before: string | null }): Promise<TranscriptPage>;
  /** Asks OpenClaw to stop what a session does. Throws when it cannot be asked. */
  abort(session: Session): Promise<AbortOutcome>;
  /** Says something to an agent's main session. Throws when OpenClaw does not take it. */
  wake(text: string, mode: 'now' | 'next-heartbeat', agentSlug: string | null): Promise<void>;
  /** The ids of the agents that it offers. Throws when it does not say. */
  listAgents(): Promise<string[]>;
  /**
   * How long it has been up, in milliseconds; null when it does not say.
   * Throws with the reason while it takes no runs.
   */
  checkReady(): Promise<number | null>;
}

/** How a run ended, without a word of what came of it; `running` when it has not within a few seconds. */
export type Completion = 'ok' | 'error' | 'running';

/** How a session is addressed: by the agent's id in OpenClaw and the key that we gave it. */
export interface Session {
  agentSlug: string;
  sessionKey: string;
}

export interface OpenClawOptions {
  url: string;
  /** Opens /hooks. */
  token: string;
  /** Opens everything else. */
  gatewayToken: string;
  /** OpenClaw itself waits 15 s for a slot before it says no. */
  admissionTimeoutMs: number;
}

/** Answers are short, and a history of 100 messages of 8,000 characters is the longest of them. */
const ANSWER_BYTES_MAX = 8_388_608;
/** The last row tells how a session ended. */
const ENDING_ROWS = 1;
const QUESTION_TIMEOUT_MS = 10_000;

/** A run that has ended is told at once; one that has not would keep us for as long as it runs. */
const COMPLETION_TIMEOUT_MS = 5_000;

const Completed = z.object({ completion: z.object({ status: z.string() }) });
const Ready = z.object({ uptimeMs: z.number() });
const Models = z.object({ data: z.array(z.object({ id: z.string() })) });

/** The address by which OpenClaw keeps a session of an agent. */
const fullSessionKey = ({ agentSlug, sessionKey }: Session) => `agent:${agentSlug}:${sessionKey}`;

export function createOpenClaw(options: OpenClawOptions): OpenClaw {
  const { url, token, gatewayToken } = options;

  /** Asks something that changes nothing. */
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL(path, url), {
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(QUESTION_TIMEOUT_MS),
    });
    return { status: response.status, text: await readBounded(response) };
  };
  const askAsOperator = (path: string) => ask(path, { authorization: `Bearer ${gatewayToken}` });
  const askHistory = async (session: Session, rows: number, before: string | null) => {
    const cursor = before === null ? '' : `&cursor=${encodeURIComponent(before)}`;
    const key = encodeURIComponent(fullSessionKey(session));
    const { status, text } = await askAsOperator(`/sessions/${key}/history?limit=${rows}${cursor}`);
    if (status === 404) return null;
    if (status !== 200) throw new Error(`OpenClaw answered ${status} to the question for a session`);
    return History.parse(JSON.parse(text));
  };
  const post = (path: string, body: string, headers: Record<string, string>, timeoutMs: number) =>
    fetch(new URL(path, url), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body,
      redirect: 'manual', // following one would carry the token to wherever it points
      signal: AbortSignal.timeout(timeoutMs),
    });

  return {
    async runAgent(body, idempotencyKey) {
      try {
        const headers = { 'idempotency-key': idempotencyKey };
        const response = await post('/hooks/agent', body, headers, options.admissionTimeoutMs);
        const text = await readBounded(response).catch(() => '');
        return readHandOver(response.status, text, response.headers.get('retry-after'));
      } catch (error) {
        return readNoAnswer(error);
      }
    },
    async readCompletion(body, idempotencyKey) {
      const waiting = JSON.stringify({ ...JSON.parse(body), waitForCompletion: true });
      try {
        const headers = { 'idempotency-key': idempotencyKey };
        const response = await post('/hooks/agent', waiting, headers, COMPLETION_TIMEOUT_MS);
        const { completion } = Completed.parse(JSON.parse(await readBounded(response)));
        return completion.status === 'error' ? 'error' : 'ok';
      } catch (error) {
        if ((error as Error).name === 'TimeoutError') return 'running';
        throw error;
      }
    },
    async readSession(session) {
      const history = await askHistory(session, ENDING_ROWS, null);
      return history ? readHistory(history) : { kind: 'unknown' };
    },
    async readTranscript(session, { rows, before }) {
      const history = await askHistory(session, rows, before);
      return history ? readTranscript(history) : { messages: [], earlier: null };
    },
    abort: (session) => abortSession(url, gatewayToken, fullSessionKey(session)),
    async wake(text, mode, agentSlug) {
      const body = JSON.stringify({ text, mode, ...(agentSlug !== null && { agentId: agentSlug }) });
      const response = await post('/hooks/wake', body, {}, QUESTION_TIMEOUT_MS);
      const answer = readHandOver(response.status, await readBounded(response), null);
      if (answer.kind !== 'admitted') throw new Error(answer.message);
    },
    async listAgents() {
      const { status, text } = await askAsOperator('/v1/models');
      if (status !== 200) throw new Error(`OpenClaw answered ${status} to the question for its agents`);
      return readSlugs(Models.parse(JSON.parse(text)));
    },
    async checkReady() {
      const { status, text } = await ask('/readyz');
      if (status !== 200) throw new Error(`OpenClaw is not ready (${status}): ${text.slice(0, 200)}`);
      return readUptimeMs(text);
    },
  };
}

function readUptimeMs(answer: string): number | null {
  try {
    return Ready.parse(JSON.parse(answer)).uptimeMs;
  } catch {
    return null;
  }
}

/** OpenClaw offers each agent as a model `openclaw/<id>`; `openclaw` and `openclaw/default` mean one of the others. */
const readSlugs = ({ data }: z.infer<typeof Models>): string[] =>
  data.flatMap(({ id }) => {
    const slug = /^openclaw\/(.+)$/.exec(id)?.[1];
    return slug && slug !== 'default' ? [slug] : [];
  });

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
