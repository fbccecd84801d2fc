import type { Reader } from '../../platform/event-log/readers.ts';

/** This subgraph reads no events. */
export const READERS: readonly Reader[] = [];
