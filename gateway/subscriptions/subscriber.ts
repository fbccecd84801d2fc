import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';

/** The subscription of one client: a bounded queue between the producer of results and the client that reads them. */
export interface Subscriber {
  /** The results that the client reads. They end when the client leaves or `end` is called. */
  readonly results: AsyncIterableIterator<FormattedExecutionResult>;
  /** The queue holds `queueMax` results. The producer should wait for `nextRead` before it adds more. */
  readonly isFull: boolean;
  /** Adds a result. A client whose queue holds twice `queueMax` results is cut. */
  push(result: FormattedExecutionResult): void;
  /** Resolves when the client reads or ends. A client that reads nothing for `stallMs` after this call is cut. */
  nextRead(): Promise<void>;
  /** Ends the subscription after the queued results. Errors are sent as a last result. */
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface SubscriberOptions {
  queueMax: number;
  stallMs: number;
  /** The error for a client that is cut. Its queued results are dropped. */
  slowness: GraphQLFormattedError;
  /** Called once, when the subscription accepts no more results. */
  onEnd: () => void;
}

/** Creates a subscriber. It is not an async generator, whose `return()` would wait for the next event. */
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
