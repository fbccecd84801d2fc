import type { Settings } from './options.ts';

interface Count {
  bad: number;
  since: number;
  lockedUntil: number;
}

export type BadTokens = ReturnType<typeof createBadTokens>;

/**
 * Counts wrong hook tokens per client address. More than `badTokensMax` within a window lock wrong tokens of that
 * address out for one window. A correct token is never locked out: the caller resets the count.
 */
export function createBadTokens(settings: Settings) {
  const byAddress = new Map<string, Count>();
  return {
    /** Counts one wrong token. Returns the whole seconds for which the address is locked out, 0 when it is not. */
    add(address: string): number {
      const now = Date.now();
      let count = byAddress.get(address);
      if (!count || isOver(count, now, settings.badTokensWindowMs)) {
        count = { bad: 0, since: now, lockedUntil: 0 };
        byAddress.set(address, count);
      }
      count.bad++;
      if (count.bad <= settings.badTokensMax) return 0;
      count.lockedUntil ||= now + settings.badTokensWindowMs;
      return Math.max(1, Math.ceil((count.lockedUntil - now) / 1000));
    },
    reset: (address: string) => byAddress.delete(address),
  };
}

const isOver = (count: Count, now: number, windowMs: number) =>
  count.lockedUntil > 0 ? now >= count.lockedUntil : now >= count.since + windowMs;
