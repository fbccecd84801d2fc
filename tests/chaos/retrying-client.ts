import { setTimeout as pause } from 'node:timers/promises';

/** Longer than any single fault of a scenario. */
export const ANSWER_TIMEOUT_MS = 120_000;
const REQUEST_TIMEOUT_MS = 20_000;
const RETRY_MS = 200;

/** Error codes after which a mutation is sent again. */
const RETRIED_CODES = new Set(['UNAVAILABLE', 'INTERNAL']);
/** Expected refusals of a mutation: another mutation came first, or the agent or the task is busy. */
const EXPECTED_REFUSALS = new Set(['AGENT_BUSY', 'AGENT_DISABLED', 'TASK_BUSY', 'INVALID_TRANSITION']);

interface Payload {
  project?: { id: string } | null;
  agent?: { id: string } | null;
  task?: { id: string } | null;
  run?: { id: string; cursor: string } | null;
  userErrors: { code: string; message: string }[];
}

/** A client that repeats a mutation until it is acknowledged or refused. */
export interface RetryingClient {
  /** Returns the single field of a query; null when there is no answer or the answer has errors. */
  ask<Result>(document: string, variables: Record<string, unknown>): Promise<Result | null>;
  /** Sends a mutation until it is acknowledged or refused. Returns null when it was refused or never answered. */
  mutate(document: string, input: Record<string, unknown>): Promise<Payload | null>;
  /** Mutations that were never answered, and unexpected refusals. */
  readonly problems: string[];
  readonly counts: { acknowledged: number; refused: number; repeated: number; unanswered: number };
}

/** Creates a client of the public address. Network errors, INTERNAL and UNAVAILABLE are retried. */
export function createRetryingClient(url: string): RetryingClient {
  const problems: string[] = [];
  const counts = { acknowledged: 0, refused: 0, repeated: 0, unanswered: 0 };
  const ask = <Result>(document: string, variables: Record<string, unknown>) =>
    post<Result>(url, document, variables).catch(() => null);

  function refuse({ userErrors: [error] }: Payload, input: Record<string, unknown>): null {
    counts.refused += 1;
    if (!EXPECTED_REFUSALS.has(error!.code))
      problems.push(`${error!.code} for ${JSON.stringify(input)}: ${error!.message}`);
    return null;
  }

  return {
    ask,
    problems,
    counts,
    async mutate(document, input) {
      const end = Date.now() + ANSWER_TIMEOUT_MS;
      while (Date.now() < end) {
        const payload = await ask<Payload>(document, { input });
        const code = payload?.userErrors[0]?.code;
        if (payload && !code) {
          counts.acknowledged += 1;
          return payload;
        }
        if (payload && code && !RETRIED_CODES.has(code)) return refuse(payload, input);
        counts.repeated += 1;
        await pause(RETRY_MS);
      }
      counts.unanswered += 1;
      problems.push(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s to ${JSON.stringify(input)}`);
      return null;
    },
  };
}

async function post<Result>(url: string, query: string, variables: Record<string, unknown>) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const { data, errors } = (await response.json()) as {
    data?: Record<string, Result> | null;
    errors?: unknown[];
  };
  return errors || !data ? null : (Object.values(data)[0] ?? null);
}
