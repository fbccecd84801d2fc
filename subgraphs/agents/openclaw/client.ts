import { z } from 'zod';
import { cutText } from '../../../platform/input/text.ts';
import { readBounded } from '../../../platform/process/bounded-read.ts';
import { type HandOverOutcome, readAnswerToHandOver, readNoAnswer } from './hand-over.ts';
import { type Finding, History, readHistory } from './history.ts';
import { type AbortOutcome, abortSession } from './socket.ts';
import { readTranscript, type TranscriptPage } from './transcript.ts';

/** What we ask of an OpenClaw. Every answer is checked, and is bounded in size and time. */
export interface OpenClawClient {
  /** Hands a run over. Never throws: no answer is an outcome too. */
  runAgent(body: string, idempotencyKey: string): Promise<HandOverOutcome>;
  /**
   * Asks how a run ended, by the bytes and the key of its hand-over. OpenClaw recognizes the repeat and starts nothing
   * until five minutes after the end of the run, and as long as it is not restarted. After that it would start the run
   * again: call this only when that is impossible.
   */
  readCompletion(body: string, idempotencyKey: string): Promise<Completion>;
  /** Reads the end of a session. Throws when OpenClaw does not answer. */
  readSession(session: Session): Promise<Finding>;
  /** Reads the newest `rows` messages of a session before a position. Throws when OpenClaw does not answer. */
  readTranscript(session: Session, page: { rows: number; before: string | null }): Promise<TranscriptPage>;
  /** Asks OpenClaw to stop what a session does. Throws when OpenClaw cannot be asked. */
  abort(session: Session): Promise<AbortOutcome>;
  /** Sends a text to an agent's main session. Throws when OpenClaw does not take it. */
  wake(text: string, mode: 'now' | 'next-heartbeat', agentSlug: string | null): Promise<void>;
  /** The slugs of the agents that OpenClaw offers. Throws when OpenClaw does not answer. */
  listAgents(): Promise<string[]>;
  /**
   * The uptime of OpenClaw in milliseconds; null when it does not tell it.
   * Throws with the reason while OpenClaw takes no runs.
   */
  checkReady(): Promise<number | null>;
}

/** How a run ended, without its answer; `running` when it did not end within a few seconds. */
export type Completion = 'ok' | 'error' | 'running';

/** A session in OpenClaw: the id of the agent and the key that we gave the session. */
export interface Session {
  agentSlug: string;
  sessionKey: string;
}

export interface OpenClawClientOptions {
  url: string;
  /** The token of the routes under /hooks. */
  token: string;
  /** The token of all other routes. */
  gatewayToken: string;
  /** OpenClaw itself waits 15 seconds for a slot before it declines a run. */
  admissionTimeoutMs: number;
}

/** The longest answer is a history of 100 messages of 8,000 characters. */
const ANSWER_BYTES_MAX = 8_388_608;
/** The last row of a history tells how a session ended. */
const ENDING_ROWS = 1;
const QUESTION_TIMEOUT_MS = 10_000;

/** For a run that has ended OpenClaw answers at once; for another it answers when the run ends. */
const COMPLETION_TIMEOUT_MS = 5_000;

const Completed = z.object({ completion: z.object({ status: z.string() }) });
const Ready = z.object({ uptimeMs: z.number() });
const Models = z.object({ data: z.array(z.object({ id: z.string() })) });

/** The key under which OpenClaw keeps a session of an agent. */
const fullSessionKey = ({ agentSlug, sessionKey }: Session) => `agent:${agentSlug}:${sessionKey}`;

export function createOpenClawClient(options: OpenClawClientOptions): OpenClawClient {
  const { url, token, gatewayToken } = options;

  /** Sends a request that changes nothing. */
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL(path, url), {
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(QUESTION_TIMEOUT_MS),
    });
    return { status: response.status, text: await readText(response) };
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
      redirect: 'manual', // a redirect would carry the token to another address
      signal: AbortSignal.timeout(timeoutMs),
    });

  return {
    async runAgent(body, idempotencyKey) {
      try {
        const headers = { 'idempotency-key': idempotencyKey };
        const response = await post('/hooks/agent', body, headers, options.admissionTimeoutMs);
        const text = await readText(response).catch(() => '');
        return readAnswerToHandOver(response.status, text, response.headers.get('retry-after'));
      } catch (error) {
        return readNoAnswer(error);
      }
    },
    async readCompletion(body, idempotencyKey) {
      const waiting = JSON.stringify({ ...JSON.parse(body), waitForCompletion: true });
      try {
        const headers = { 'idempotency-key': idempotencyKey };
        const response = await post('/hooks/agent', waiting, headers, COMPLETION_TIMEOUT_MS);
        const { completion } = Completed.parse(JSON.parse(await readText(response)));
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
      const answer = readAnswerToHandOver(response.status, await readText(response), null);
      if (answer.kind !== 'admitted') throw new Error(answer.message);
    },
    async listAgents() {
      const { status, text } = await askAsOperator('/v1/models');
      if (status !== 200) throw new Error(`OpenClaw answered ${status} to the question for its agents`);
      return readSlugs(Models.parse(JSON.parse(text)));
    },
    async checkReady() {
      const { status, text } = await ask('/readyz');
      if (status !== 200) throw new Error(`OpenClaw is not ready (${status}): ${cutText(text, 200)}`);
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

/** OpenClaw offers each agent as a model `openclaw/<id>`; `openclaw` and `openclaw/default` are aliases of one. */
const readSlugs = ({ data }: z.infer<typeof Models>): string[] =>
  data.flatMap(({ id }) => {
    const slug = /^openclaw\/(.+)$/.exec(id)?.[1];
    return slug && slug !== 'default' ? [slug] : [];
  });

/** Reads a body up to `ANSWER_BYTES_MAX`; the rest is not fetched. */
const readText = async (response: Response): Promise<string> =>
  (await readBounded(response.body, ANSWER_BYTES_MAX)).bytes.toString();
