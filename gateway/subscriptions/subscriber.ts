import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';

/** One client's subscription: results go in at one end and are read at the other, with a bounded queue between. */
export interface Subscriber {
  /** What the client reads. It ends when the client leaves or `end` is called. */
  readonly results: AsyncIterableIterator<FormattedExecutionResult>;
  /** The queue holds `queueMax` results: whoever adds more should wait for `nextRead` first. */
  readonly isFull: boolean;
  /** Adds a result. A client that lags behind by twice `queueMax` is cut. */
  push(result: FormattedExecutionResult): void;
  /** Resolves when the client reads, or has ended; one that reads nothing for `stallMs` while it is waited for is cut. */
  nextRead(): Promise<void>;
  /** Ends it after what is queued, with a result that holds the errors, if there are any. */
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface SubscriberOptions {
  queueMax: number;
  stallMs: number;
  /** What a client is told that is cut. What was queued for it is dropped. */
  slowness: GraphQLFormattedError;
  /** Called once, when nothing more goes in. */
  onEnd: () => void;
}

/** Written by hand: `return()` of an async generator would wait for the event that the client no longer wants. */
export function createSubscriber({ queueMax, stallMs, slowness, onEnd }: SubscriberOptions): Subscriber {
  const queue: FormattedExecutionResult[] = [];
  let reader: ((result: IteratorResult<FormattedExecutionResult>) => void) | null = null;
  let awaitedRead: { promise: Promise<void>; resolve: () => void; stall: NodeJS.Timeout } | null = null;
  let isEnded = false;

  const noteRead = () => {
    clearTimeout(awaitedRead?.stall);
    awaitedRead?.resolve();
    awaitedRead = null;
  };

  const add = (result: FormattedExecutionResult) => {
    if (reader) reader({ done: false, value: result });
    else queue.push(result);
    reader = null;
  };

  const end = (errors: readonly GraphQLFormattedError[] = []) => {
    if (isEnded) return;
    if (errors.length > 0) add({ errors });
    isEnded = true;
    reader?.({ done: true, value: undefined });
    reader = null;
    noteRead();
    onEnd();
  };

  const drop = () => {
    queue.length = 0;
    end();
  };

  const cut = () => {
    queue.length = 0;
    end([slowness]);
  };

  const results: AsyncIterableIterator<FormattedExecutionResult> = {
    next() {
      const value = queue.shift();
      if (value) {
        noteRead();
        return Promise.resolve({ done: false, value });
      }
      if (isEnded) return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve) => {
        reader = resolve;
      });
    },
    return() {
      drop();
      return Promise.resolve({ done: true, value: undefined });
    },
    throw(error) {
      drop();
      return Promise.reject(error);
    },
    [Symbol.asyncIterator]: () => results,
  };

  return {
    results,
    get isFull() {
      return !isEnded && queue.length >= queueMax;
    },
    push(result) {
      if (isEnded) return;
      if (queue.length >= 2 * queueMax) cut();
      else add(result);
    },
    nextRead() {
      if (isEnded) return Promise.resolve();
      awaitedRead ??= { ...Promise.withResolvers<void>(), stall: setTimeout(cut, stallMs) };
      return awaitedRead.promise;
    },
    end,
  };
}
