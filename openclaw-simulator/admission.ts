import type { Counters } from './counters.ts';
import type { Settings } from './options.ts';

/** Frees the slot and the session of a run. Call it once, when the run has ended. */
export type Release = () => void;
export type RefusalReason = 'timeout' | 'cancelled' | 'draining' | 'killed';

interface AdmissionRequest {
  /** Runs with the same session key run one after another; null shares its session with no other run. */
  sessionKey: string | null;
  usesSlot: boolean;
  /** null waits without a limit. */
  timeoutMs: number | null;
  signal: AbortSignal;
}

interface WaitingRequest extends AdmissionRequest {
  admit(release: Release): void;
  refuse(reason: RefusalReason): void;
}

export type Admission = ReturnType<typeof createAdmission>;

/**
 * Decides which runs may start: at most `slots` hook runs, and one run per session key, in the order of arrival.
 * A request that is not admitted within its timeout is refused and never runs.
 */
export function createAdmission(settings: Settings, counters: Counters) {
  const queue = new Set<WaitingRequest>();
  const busySessions = new Set<string>();
  let slotsTaken = 0;

  const mayRun = (request: AdmissionRequest) =>
    (!request.usesSlot || slotsTaken < settings.slots) &&
    (request.sessionKey === null || !busySessions.has(request.sessionKey));

  function admitWaiting(): void {
    for (const request of queue) {
      if (!mayRun(request)) continue;
      queue.delete(request);
      if (request.usesSlot) slotsTaken++;
      if (request.sessionKey !== null) busySessions.add(request.sessionKey);
      counters.concurrentMax = Math.max(counters.concurrentMax, slotsTaken);
      request.admit(() => release(request));
    }
  }

  function release(request: AdmissionRequest): void {
    if (request.usesSlot) slotsTaken--;
    if (request.sessionKey !== null) busySessions.delete(request.sessionKey);
    admitWaiting();
  }

  return {
    waiting: () => queue.size,
    /** Waits until the request is admitted or refused. Aborting the signal while it waits cancels the request. */
    enter(request: AdmissionRequest): Promise<Release | RefusalReason> {
      return new Promise((resolve) => {
        const finish = (result: Release | RefusalReason) => {
          clearTimeout(timer);
          queue.delete(waiting);
          resolve(result);
        };
        const waiting: WaitingRequest = { ...request, admit: finish, refuse: finish };
        const timer =
          request.timeoutMs === null ? undefined : setTimeout(finish, request.timeoutMs, 'timeout' as const);
        request.signal.addEventListener('abort', () => waiting.refuse('cancelled'), { once: true });
        queue.add(waiting);
        admitWaiting();
      });
    },
    refuseWaiting(reason: RefusalReason): void {
      for (const request of [...queue]) request.refuse(reason);
    },
  };
}
