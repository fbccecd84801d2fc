import type { Settings } from './options.ts';
import type { Tally } from './tally.ts';

/** Lets the next one in. Call it once, when the run has ended. */
export type Leave = () => void;
export type Refusal = 'timeout' | 'cancelled' | 'draining' | 'killed';

interface Request {
  /** Runs of one session follow each other; null belongs to no other run. */
  sessionKey: string | null;
  usesSlot: boolean;
  /** null waits without end. */
  timeoutMs: number | null;
  signal: AbortSignal;
}

interface Waiting extends Request {
  admit(leave: Leave): void;
  refuse(why: Refusal): void;
}

export type Admission = ReturnType<typeof createAdmission>;

/**
 * Decides who runs: at most `slots` hook runs, and one run for each session key, in the order of arrival.
 * Whoever is not admitted within its time is refused and never runs.
 */
export function createAdmission(settings: Settings, tally: Tally) {
  const queue = new Set<Waiting>();
  const busySessions = new Set<string>();
  let slotsTaken = 0;

  const mayRun = (one: Waiting) =>
    (!one.usesSlot || slotsTaken < settings.slots) &&
    (one.sessionKey === null || !busySessions.has(one.sessionKey));

  function admitAll(): void {
    for (const one of queue) {
      if (!mayRun(one)) continue;
      queue.delete(one);
      if (one.usesSlot) slotsTaken++;
      if (one.sessionKey !== null) busySessions.add(one.sessionKey);
      tally.concurrentMax = Math.max(tally.concurrentMax, slotsTaken);
      one.admit(() => leave(one));
    }
  }

  function leave(one: Request): void {
    if (one.usesSlot) slotsTaken--;
    if (one.sessionKey !== null) busySessions.delete(one.sessionKey);
    admitAll();
  }

  return {
    waiting: () => queue.size,
    /** Waits for its turn. Aborting the signal while it waits cancels the admission. */
    enter(request: Request): Promise<Leave | Refusal> {
      return new Promise((resolve) => {
        const finish = (result: Leave | Refusal) => {
          clearTimeout(timer);
          queue.delete(waiting);
          resolve(result);
        };
        const waiting: Waiting = { ...request, admit: finish, refuse: finish };
        const timer =
          request.timeoutMs === null ? undefined : setTimeout(finish, request.timeoutMs, 'timeout' as const);
        request.signal.addEventListener('abort', () => waiting.refuse('cancelled'), { once: true });
        queue.add(waiting);
        admitAll();
      });
    },
    refuseWaiting(why: Refusal): void {
      for (const one of [...queue]) one.refuse(why);
    },
  };
}
