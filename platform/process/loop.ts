import type { Logger } from './log.ts';

/** Work that is done again and again: when woken, and every few seconds in case nobody woke it. */
export interface Loop {
  /** Does the work soon. Waking it while it works makes it work once more. */
  wake(): void;
  /** Waits for the work under way. */
  close(): Promise<void>;
}

/** Starts a loop. Work that fails is logged and tried again at the next turn. */
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
    running = run();
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
