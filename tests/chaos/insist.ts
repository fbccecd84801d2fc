import { setTimeout as pause } from 'node:timers/promises';

/** Longer than anything that the storm does to the system at a time. */
export const ANSWERED_WITHIN_MS = 120_000;
const ONE_ANSWER_WITHIN_MS = 20_000;
const PAUSE_MS = 200;

/** Answers to a mutation that decide nothing. */
const UNDECIDED = new Set(['UNAVAILABLE', 'INTERNAL']);
/** What may refuse a mutation of the storm: somebody was faster, or the agent is taken. */
const FAIR_REFUSALS = new Set(['AGENT_BUSY', 'AGENT_DISABLED', 'TASK_BUSY', 'INVALID_TRANSITION']);

interface Payload {
  project?: { id: string } | null;
  agent?: { id: string } | null;
  task?: { id: string } | null;
  run?: { id: string; cursor: string } | null;
  userErrors: { code: string; message: string }[];
}

/** Asks until there is an answer, as a good client does. */
export interface Insistence {
  /** The one field of a query, without errors; null when there was no such answer. */
  ask<Result>(document: string, variables: Record<string, unknown>): Promise<Result | null>;
  /** Sends a mutation until it is acknowledged or refused; null when it was refused. */
  mutate(document: string, input: Record<string, unknown>): Promise<Payload | null>;
  /** Mutations that were never answered, and refusals for which there is no reason. */
  readonly oddities: string[];
  readonly counts: { acknowledged: number; refused: number; repeated: number; unanswered: number };
}

/** A client of the public address that takes no silence and no fault for an answer. */
export function insistOn(url: string): Insistence {
  const oddities: string[] = [];
  const counts = { acknowledged: 0, refused: 0, repeated: 0, unanswered: 0 };
  const ask = <Result>(document: string, variables: Record<string, unknown>) =>
    post<Result>(url, document, variables).catch(() => null);

  function refuse({ userErrors: [error] }: Payload, input: Record<string, unknown>): null {
    counts.refused += 1;
    if (!FAIR_REFUSALS.has(error!.code))
      oddities.push(`${error!.code} for ${JSON.stringify(input)}: ${error!.message}`);
    return null;
  }

  return {
    ask,
    oddities,
    counts,
    async mutate(document, input) {
      const end = Date.now() + ANSWERED_WITHIN_MS;
      while (Date.now() < end) {
        const payload = await ask<Payload>(document, { input });
        const code = payload?.userErrors[0]?.code;
        if (payload && !code) {
          counts.acknowledged += 1;
          return payload;
        }
        if (payload && code && !UNDECIDED.has(code)) return refuse(payload, input);
        counts.repeated += 1;
        await pause(PAUSE_MS);
      }
      counts.unanswered += 1;
      oddities.push(`no answer within ${ANSWERED_WITHIN_MS / 1000} s to ${JSON.stringify(input)}`);
      return null;
    },
  };
}

async function post<Result>(url: string, query: string, variables: Record<string, unknown>) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(ONE_ANSWER_WITHIN_MS),
  });
  const { data, errors } = (await response.json()) as {
    data?: Record<string, Result> | null;
    errors?: unknown[];
  };
  return errors || !data ? null : (Object.values(data)[0] ?? null);
}
