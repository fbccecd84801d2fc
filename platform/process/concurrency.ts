/** Runs a task as soon as there is a free place for it, and returns its result. */
export type RunLimited = <Result>(task: () => Promise<Result>) => Promise<Result>;

/**
 * Limits how many tasks run at a time to `tasksMax`. The others wait, without bound, in the order in which they came.
 *
 * A task that fails gives its place to the next one; its error reaches its own caller only.
 */
export function limitConcurrency(tasksMax: number): RunLimited {
  const waiting: (() => void)[] = [];
  let free = tasksMax;
  return async (task) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
