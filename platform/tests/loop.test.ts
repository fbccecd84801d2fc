import { afterEach, describe, expect, test } from '@jest/globals';
import { type Loop, startLoop } from '../process/loop.ts';
import { testLog } from '../testing/infrastructure.ts';
import { until } from '../testing/wait.ts';

let loop: Loop;
afterEach(() => loop.close());

const start = (work: () => Promise<void>, everySeconds = 60) => {
  loop = startLoop('lab', everySeconds, work, testLog);
};

describe('a loop', () => {
  test('runs its work at once, then periodically', async () => {
    let turns = 0;
    start(async () => void turns++, 0.02);

    expect(turns).toBe(1);
    await until('three turns', () => turns >= 3, 2_000);
  });

  test('runs once more after any number of wake-ups during its work, never twice at a time', async () => {
    const release = Promise.withResolvers<void>();
    let [turns, atWork, most] = [0, 0, 0];
    start(async () => {
      turns++;
      most = Math.max(most, ++atWork);
      await release.promise;
      atWork--;
    });

    for (let n = 0; n < 5; n++) loop.wake();
    release.resolve();

    await until('the second turn is over', () => turns === 2 && atWork === 0);
    await loop.close();
    expect([turns, most]).toEqual([2, 1]);
  });

  test('continues after a failure', async () => {
    let turns = 0;
    start(async () => {
      if (++turns === 1) throw new Error('it fails');
    });

    await until('it was woken', () => {
      loop.wake();
      return turns >= 2;
    });
  });

  test('finishes the work in progress when it is closed, and starts no more', async () => {
    let isDone = false;
    let turns = 0;
    start(async () => {
      turns++;
      await new Promise((resolve) => setImmediate(resolve));
      isDone = true;
    });

    await loop.close();
    loop.wake();

    expect([isDone, turns]).toEqual([true, 1]);
  });
});
