/** Bounds of a wait, in milliseconds. */
export interface Backoff {
  firstMs: number;
  lastMs: number;
  /** The share by which a wait varies, 0 to 1, so that those who failed together do not return together. By default 0. */
  jitter?: number;
}

/** How long to wait after the `failures`-th failure in a row, from 1: twice as long each time, up to `lastMs`. */
export function backoffMs(failures: number, { firstMs, lastMs, jitter = 0 }: Backoff): number {
  const waitMs = Math.min(firstMs * 2 ** (failures - 1), lastMs);
  return waitMs * (1 + jitter * (2 * Math.random() - 1));
}
