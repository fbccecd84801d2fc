import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startSimulatorSubject } from '../simulator-subject.ts';
import type { Subject } from '../subject.ts';
import { ALONE, asJson, freshSessionKey, TOGETHER } from '../suite.ts';

let subject: Subject;
beforeAll(async () => {
  subject = await startSimulatorSubject();
});
afterAll(() => subject.close());

// The same cases run against the real OpenClaw by `npm run test:openclaw`.
describe('the simulator keeps the contract of OpenClaw', () => {
  test.each([...TOGETHER, ...ALONE])('$name', async ({ see, expected }) => {
    expect(asJson(await see(subject, freshSessionKey()))).toEqual(asJson(expected));
  });
});
