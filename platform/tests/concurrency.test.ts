import { describe, expect, test } from '@jest/globals';
import { limitConcurrency } from '../process/concurrency.ts';

/** Tasks that a test ends one by one. */
function createTasks() {
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const started: string[] = [];
  return {
    started,
    task: (name: string) => () => {
      started.push(name);
      const end = Promise.withResolvers<string>();
      ends.set(name, end);
      return end.promise;
    },
    end: (name: string) => ends.get(name)!.resolve(name),
    fail: (name: string) => ends.get(name)!.reject(new Error(`${name} failed`)),
  };
}

describe('limited concurrency', () => {
  test('runs no more tasks at a time than its limit, and the others in order', async () => {
    const { started, task, end } = createTasks();
    const run = limitConcurrency(2);
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => run(task(name)));

    expect(started).toEqual(['a', 'b']);
    end('b');
    expect(await b).toBe('b');
    expect(started).toEqual(['a', 'b', 'c']);
    end('a');
    expect(await a).toBe('a');
    expect(started).toEqual(['a', 'b', 'c', 'd']);
    end('c');
    end('d');
    expect(await Promise.all([c, d])).toEqual(['c', 'd']);
  });

  test('gives the place of a failed task to the next one', async () => {
    const { started, task, end, fail } = createTasks();
    const run = limitConcurrency(1);
    const [failing, next] = [run(task('failing')), run(task('next'))];

    fail('failing');
    await expect(failing).rejects.toThrow('failing failed');
    end('next');

    expect(await next).toBe('next');
    expect(started).toEqual(['failing', 'next']);
  });

  test('frees the place of a task when nobody waits for it', async () => {
    const run = limitConcurrency(1);

    expect(await run(async () => 1)).toBe(1);
    expect(await run(async () => 2)).toBe(2);
  });
});
