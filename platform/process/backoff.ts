/** Bounds of a wait, in milliseconds. */
export interface Backoff {
  firstMs: number;
  lastMs: number;
  /** By how much a wait is longer than the one before. By default 2. */
  factor?: number;
  /** The largest share, 0 to 1, by which a wait is shortened at random, so that retries spread out. By default 0. */
  jitter?: number;
}

/**
 * Returns how many milliseconds to wait after the `failures`-th failure in a row, counted from 1.
 *
 * The wait starts at `firstMs`, grows by `factor` with each failure and never exceeds `lastMs`.
 */
export function backoffMs(failures: number, { firstMs, lastMs, factor = 2, jitter = 0 }: Backoff): number {
  const waitMs = Math.min(firstMs * factor ** (failures - 1), lastMs);
  return waitMs * (1 - jitter * Math.random());
}
