import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Subscriber } from './subscriber.ts';

/** Beyond so many held results the client is too slow. */
const HELD_MAX = 512;

/**
 * Returns a subscriber that holds the results for another one back until `ready`, and passes them on from then on: a client
 * that moves to another stream first gets what is still on its way in the stream that it leaves.
 */
export function holdResults(subscriber: Subscriber, ready: Promise<void>): Subscriber {
  let held: FormattedExecutionResult[] | null = [];
  let ending: { errors: readonly GraphQLFormattedError[] | undefined } | null = null;
  void ready.then(() => {
    for (const result of held ?? []) subscriber.push(result);
    held = null;
    if (ending) subscriber.end(ending.errors);
  });
  return {
    results: subscriber.results,
    get isFull() {
      return held === null && subscriber.isFull;
    },
    push(result) {
      if (held === null) subscriber.push(result);
      else if (held.length < HELD_MAX) held.push(result);
      else subscriber.cut();
    },
    nextRead: () => (held === null ? subscriber.nextRead() : ready),
    end(errors) {
      if (held === null) subscriber.end(errors);
      else ending = { errors };
    },
    cut: () => subscriber.cut(),
  };
}
