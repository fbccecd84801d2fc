import type { Reaction } from '../../platform/consumer.ts';

/** This room reacts to no other. */
export const consumers: readonly Reaction[] = [];
