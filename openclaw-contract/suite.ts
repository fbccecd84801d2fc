import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Case } from './case.ts';
import { answers } from './cases/answers.ts';
import { callbacks } from './cases/callbacks.ts';
import { capacity } from './cases/capacity.ts';
import { failures } from './cases/failures.ts';
import { identity } from './cases/identity.ts';
import { refusals } from './cases/refusals.ts';
import { repeats } from './cases/repeats.ts';
import { restarts } from './cases/restarts.ts';
import type { Subject } from './subject.ts';

/** Cases that do not affect each other. The slow cases come first, so that the others run at the same time. */
export const PARALLEL_CASES: readonly Case[] = [
  ...failures,
  ...callbacks,
  ...answers,
  ...repeats,
  ...refusals,
  ...identity,
];
/** Cases that use all slots of the gateway or restart it. */
export const SEQUENTIAL_CASES: readonly Case[] = [...capacity, ...restarts];

/** The result of one case on one subject. */
export interface Result {
  name: string;
  isPassed: boolean;
  expected: unknown;
  /** The observed value as JSON, or a text with the error that the case threw. */
  observed: unknown;
  ms: number;
}

/** OpenClaw has eight slots, and a case uses two at most. */
const CONCURRENT = 4;
const CASE_TIMEOUT_MS = 300_000;

/** Runs every case against a subject. Returns one result per case, in the order of the lists. */
export async function runSuite(subject: Subject): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...PARALLEL_CASES.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      results[next[0]] = await runCase(subject, next[1]);
  };
  await Promise.all(Array.from({ length: CONCURRENT }, work));
  for (const contractCase of SEQUENTIAL_CASES) results.push(await runCase(subject, contractCase));
  return results;
}

/** Returns a new session key. */
export const freshSessionKey = () => `task:${randomUUID()}`;

async function runCase(subject: Subject, contractCase: Case): Promise<Result> {
  const startedAt = Date.now();
  const expected = asJson(contractCase.expected);
  const observed = await Promise.race([contractCase.observe(subject, freshSessionKey()), timeout()]).then(
    asJson,
    (error: unknown) => `failed: ${error instanceof Error ? error.message : error}`,
  );
  const isPassed = isDeepStrictEqual(observed, expected);
  return { name: contractCase.name, isPassed, expected, observed, ms: Date.now() - startedAt };
}

/** Rejects after CASE_TIMEOUT_MS, which is longer than any case takes. */
async function timeout(): Promise<never> {
  await pause(CASE_TIMEOUT_MS, undefined, { ref: false });
  throw new Error(`the case did not end within ${CASE_TIMEOUT_MS} ms`);
}

/** Converts a value to JSON and back, which removes undefined fields. */
export const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
