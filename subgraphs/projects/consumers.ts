import type { Reaction } from '../../platform/event-log/consumer.ts';

/** This subgraph reacts to no other. */
export const consumers: readonly Reaction[] = [];
