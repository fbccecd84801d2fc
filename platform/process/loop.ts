import type { Logger } from './log.ts';
import { runOwnWork } from './work.ts';

/** Work that repeats when it is woken, and every few seconds in case a wake-up was lost. */
export interface Loop {
  /** Runs the work soon. A wake-up during the work makes it run once more afterwards. */
  wake(): void;
  /** Stops the loop and waits for the work in progress. */
  close(): Promise<void>;
}

/** Starts a loop, with the first turn at once. A failure is logged, and the next turn tries again. */
export function startLoop(name: string, everySeconds: number, work: () => Promise<void>, log: Logger): Loop {
  let isWoken = true;
  let isClosed = false;
  let running = Promise.resolve();
  let isRunning = false;

  const run = async () => {
    while (isWoken && !isClosed) {
      isWoken = false;
      try {
        await work();
      } catch (err) {
        log.error({ err, loop: name }, 'loop.failed');
      }
    }
    isRunning = false;
  };
  const wake = () => {
    isWoken = true;
    if (isRunning || isClosed) return;
    isRunning = true;
    running = runOwnWork(run);
  };
  const timer = setInterval(wake, everySeconds * 1000);
  timer.unref();
  wake();
  return {
    wake,
    async close() {
      isClosed = true;
      clearInterval(timer);
      await running;
    },
  };
}
