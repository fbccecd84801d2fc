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

/** Cases that do not disturb each other. The slow ones come first: what takes a minute runs beside the rest. */
export const TOGETHER: readonly Case[] = [
  ...failures,
  ...callbacks,
  ...answers,
  ...repeats,
  ...refusals,
  ...identity,
];
/** Cases that fill or restart the gateway. */
export const ALONE: readonly Case[] = [...capacity, ...restarts];

/** What came of one case on one subject. */
export interface Result {
  name: string;
  isPassed: boolean;
  expected: unknown;
  /** As JSON shows it; the error's text when the case broke. */
  seen: unknown;
  ms: number;
}

/** OpenClaw has eight slots; a case takes two at most. */
const CONCURRENT = 4;
const CASE_TIMEOUT_MS = 300_000;

/** Runs every case against a subject, one result for each, in the order of the lists. */
export async function runSuite(subject: Subject): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...TOGETHER.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      results[next[0]] = await runCase(subject, next[1]);
  };
  await Promise.all(Array.from({ length: CONCURRENT }, work));
  for (const one of ALONE) results.push(await runCase(subject, one));
  return results;
}

/** A session key that nobody used before. */
export const freshSessionKey = () => `task:${randomUUID()}`;

async function runCase(subject: Subject, one: Case): Promise<Result> {
  const startedAt = Date.now();
  const expected = asJson(one.expected);
  const seen = await Promise.race([one.see(subject, freshSessionKey()), late()]).then(
    asJson,
    (error: unknown) => `broke: ${error instanceof Error ? error.message : error}`,
  );
  const isPassed = isDeepStrictEqual(seen, expected);
  return { name: one.name, isPassed, expected, seen, ms: Date.now() - startedAt };
}

/** Rejects after more than any case takes. */
async function late(): Promise<never> {
  await pause(CASE_TIMEOUT_MS, undefined, { ref: false });
  throw new Error(`not over within ${CASE_TIMEOUT_MS} ms`);
}

/** What JSON does not show, such as a field that is undefined, is not compared. */
export const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
