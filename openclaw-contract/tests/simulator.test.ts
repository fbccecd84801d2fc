import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startSimulatorSubject } from '../simulator-subject.ts';
import type { Subject } from '../subject.ts';
import { asJson, freshSessionKey, PARALLEL_CASES, SEQUENTIAL_CASES } from '../suite.ts';

let subject: Subject;
beforeAll(async () => {
  subject = await startSimulatorSubject();
});
afterAll(() => subject.close());

// `npm run test:openclaw` runs the same cases against the real OpenClaw.
describe('the simulator fulfils the contract of OpenClaw', () => {
  test.each([...PARALLEL_CASES, ...SEQUENTIAL_CASES])('$name', async ({ observe, expected }) => {
    expect(asJson(await observe(subject, freshSessionKey()))).toEqual(asJson(expected));
  });
});
