/** Bounds of a wait, in milliseconds. */
export interface Backoff {
  firstMs: number;
  lastMs: number;
  /** The largest share, 0 to 1, by which a wait is shortened at random, so that retries spread out. By default 0. */
  jitter?: number;
}

/**
 * Returns how many milliseconds to wait after the `failures`-th failure in a row, counted from 1.
 *
 * The wait starts at `firstMs`, doubles with each failure and never exceeds `lastMs`.
 */
export function backoffMs(failures: number, { firstMs, lastMs, jitter = 0 }: Backoff): number {
  const waitMs = Math.min(firstMs * 2 ** (failures - 1), lastMs);
  return waitMs * (1 - jitter * Math.random());
}
