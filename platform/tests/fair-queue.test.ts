import { describe, expect, test } from '@jest/globals';
import { createFairQueue, type FairQueueOptions, QueueFull, type Turn } from '../process/fair-queue.ts';

/** A queue whose tasks end when the test says so. It keeps the names of the tasks in the order in which they began. */
function openQueue(options: FairQueueOptions) {
  const queue = createFairQueue(options);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    queue,
    begun,
    add(name: string, turn: Turn) {
      const task = queue.run(turn, () => {
        begun.push(name);
        return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
      });
      task.catch(() => undefined);
      return task;
    },
    /** Ends a task, and waits until the next one has begun. */
    async end(name: string) {
      ends.get(name)!();
      for (let ticks = 0; ticks < 10; ticks++) await Promise.resolve();
    },
  };
}
const settle = async () => {
  for (let ticks = 0; ticks < 10; ticks++) await Promise.resolve();
};

describe('a fair queue', () => {
  test('runs so many tasks at a time, and returns their results', async () => {
    const { queue, begun, add, end } = openQueue({ runningMax: 2 });
    const results = ['a', 'b', 'c'].map((name) => add(name, { owner: name }));
    await settle();
    expect([begun, queue.waiting]).toEqual([['a', 'b'], 1]);

    await end('b');
    expect([begun, queue.waiting]).toEqual([['a', 'b', 'c'], 0]);
    await end('a');
    await end('c');
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c']);
  });

  test('gives owners their turns, however many tasks one of them has', async () => {
    const { begun, add, end } = openQueue({ runningMax: 1 });
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) void add(name, { owner: name[0]! });
    await settle();
    for (const name of ['a1', 'a2', 'b1', 'c1', 'a3']) await end(name);

    expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
  });

  test('runs urgent tasks first, and keeps places for them', async () => {
    const { begun, add, end } = openQueue({ runningMax: 3, patientMax: 1 });
    for (const name of ['p1', 'p2', 'p3']) void add(name, { owner: 'a' });
    for (const name of ['u1', 'u2', 'u3']) void add(name, { owner: 'b', isUrgent: true });
    await settle();
    expect(begun).toEqual(['p1', 'u1', 'u2']);

    await end('p1');
    await end('u1');
    expect(begun).toEqual(['p1', 'u1', 'u2', 'u3', 'p2']);
  });

  test('runs at most so many tasks of one owner', async () => {
    const { begun, add, end } = openQueue({ runningMax: 10, perOwnerMax: 2 });
    for (const name of ['a1', 'a2', 'a3', 'b1']) void add(name, { owner: name[0]! });
    await settle();
    expect(begun).toEqual(['a1', 'a2', 'b1']);

    await end('b1');
    expect(begun).toHaveLength(3);
    await end('a1');
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3']);
  });

  test('refuses a task when too many wait, and gives places to those that wait', async () => {
    const { begun, add, end } = openQueue({ runningMax: 1, waitingMax: 1 });
    void add('a', { owner: 'a' });
    void add('b', { owner: 'b' });

    await expect(add('c', { owner: 'c' })).rejects.toThrow(QueueFull);
    await end('a');
    expect(begun).toEqual(['a', 'b']);
  });

  test('forgets a task whose wait was given up, and lets one that runs go on', async () => {
    const { queue, begun, add, end } = openQueue({ runningMax: 1 });
    const leaving = new AbortController();
    const running = add('a', { owner: 'a', signal: leaving.signal });
    const waiting = add('b', { owner: 'b', signal: leaving.signal });
    void add('c', { owner: 'c' });

    leaving.abort(new Error('left'));

    await expect(waiting).rejects.toThrow('left');
    await expect(add('d', { owner: 'd', signal: leaving.signal })).rejects.toThrow('left');
    await end('a');
    expect(await running).toBe('a');
    expect([begun, queue.waiting]).toEqual([['a', 'c'], 0]);
  });

  test('gives the place of a task that failed to the next one, once', async () => {
    const queue = createFairQueue({ runningMax: 1 });
    await expect(queue.run({ owner: 'a' }, () => Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    );

    const leave = await queue.enter({ owner: 'a' });
    leave();
    leave();
    const one = await queue.enter({ owner: 'a' });
    let second = false;
    void queue.enter({ owner: 'a' }).then(() => {
      second = true;
    });
    await settle();
    expect(second).toBe(false);
    one();
    await settle();
    expect(second).toBe(true);
  });
});
