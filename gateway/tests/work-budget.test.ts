import { describe, expect, test } from '@jest/globals';
import { person } from '../../platform/identity/actor.ts';
import { RequestRefused } from '../request-refused.ts';
import { createWorkBudget, type Spender } from '../work-budget.ts';

const personOf = (name: string, address = '10.0.0.1'): Spender => ({
  actor: person({ id: name, displayName: name, avatarUrl: null }),
  address,
});
const BOUNDS = {
  person: { burstMs: 20, perSecondMs: 200 },
  address: { burstMs: 60, perSecondMs: 600 },
  waitMs: 500,
  waitingMax: 3,
};

/** Works for so long. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('the time of the gateway', () => {
  test('is there at once for a person who has spent little', () => {
    const budget = createWorkBudget(BOUNDS);
    budget.charge(personOf('ada'), () => work(5));
    expect(budget.admit(personOf('ada'))).toBeNull();
  });

  test('returns the result of the work, and is spent also by work that fails', () => {
    const budget = createWorkBudget(BOUNDS);
    expect(budget.charge(personOf('ada'), () => 7)).toBe(7);
    const fail = () => {
      work(25);
      throw new Error('invalid');
    };
    expect(() => budget.charge(personOf('ada'), fail)).toThrow('invalid');
    expect(budget.admit(personOf('ada'))).not.toBeNull();
  });

  test('is waited for by a person who has spent it, and by nobody else', async () => {
    const budget = createWorkBudget(BOUNDS);
    budget.charge(personOf('ada'), () => work(40));
    const start = performance.now();
    expect(budget.admit(personOf('bob'))).toBeNull();
    await budget.admit(personOf('ada'));
    expect(performance.now() - start).toBeGreaterThan(80); // 20 ms of debt at 200 ms a second
    expect(budget.admit(personOf('ada'))).toBeNull();
  });

  test('is shared by all people at one address', async () => {
    const budget = createWorkBudget({ ...BOUNDS, address: { burstMs: 60, perSecondMs: 1 } });
    for (const name of ['a', 'b', 'c', 'd']) budget.charge(personOf(name), () => work(19));
    await expect(budget.admit(personOf('new'))).rejects.toBeInstanceOf(RequestRefused);
    expect(budget.admit(personOf('new', '10.0.0.2'))).toBeNull();
  });

  test('is refused when the wait would be long, with the seconds to wait', async () => {
    const budget = createWorkBudget(BOUNDS);
    budget.charge(personOf('ada'), () => work(240));
    const refusal = await budget.admit(personOf('ada'))?.catch((error: RequestRefused) => error.errors[0]);
    expect(refusal).toMatchObject({
      message: expect.stringMatching(/Try again in 2 s/),
      extensions: { code: 'LIMIT_EXCEEDED', http: { status: 429, headers: new Map([['retry-after', '2']]) } },
    });
  });

  test('is waited for by a bounded number of requests', async () => {
    const budget = createWorkBudget(BOUNDS);
    budget.charge(personOf('ada'), () => work(40));
    const asked = Array.from({ length: 5 }, () => budget.admit(personOf('ada')));
    const answers = await Promise.allSettled(asked);
    expect(answers.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'fulfilled', 'fulfilled'],
      ...['rejected', 'rejected'],
    ]);
    expect((answers[4] as PromiseRejectedResult).reason).toBeInstanceOf(RequestRefused);
  });
});
