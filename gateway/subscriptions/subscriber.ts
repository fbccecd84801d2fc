import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { resultText } from '../../platform/graphql/result-text.ts';

/** The subscription of one client: a bounded queue between the producer of results and the client that reads them. */
export interface Subscriber {
  /** The results that the client reads. They end when the client leaves or `end` is called. */
  readonly results: AsyncIterableIterator<FormattedExecutionResult>;
  /** The queue holds `queueMax` results, or `queueBytesMax` bytes. The producer should wait for `nextRead` before it adds more. */
  readonly isFull: boolean;
  /** Adds a result. A client whose queue holds twice as much as a full one is cut. */
  push(result: FormattedExecutionResult): void;
  /** Resolves when the client reads or ends. A client that reads nothing for `stallMs` after this call is cut. */
  nextRead(): Promise<void>;
  /** Drops what is queued, and ends the subscription of a client that is too slow. */
  cut(): void;
  /** Ends the subscription after the queued results. Errors are sent as a last result. */
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface SubscriberOptions {
  queueMax: number;
  queueBytesMax: number;
  stallMs: number;
  /** The error for a client that is cut. Its queued results are dropped. */
  slowness: GraphQLFormattedError;
  /** Called with the bytes that the queue gains; with a negative number when it loses some. */
  onQueued?: ((bytes: number) => void) | undefined;
  /** Called once, when the subscription accepts no more results. */
  onEnd: () => void;
}

/** Creates a subscriber. It is not an async generator, whose `return()` would wait for the next event. */
export function createSubscriber(options: SubscriberOptions): Subscriber {
  const { queueMax, queueBytesMax, stallMs, slowness, onQueued, onEnd } = options;
  const queue: FormattedExecutionResult[] = [];
  let queuedBytes = 0;
  let reader: ((result: IteratorResult<FormattedExecutionResult>) => void) | null = null;
  let awaitedRead: { promise: Promise<void>; resolve: () => void; stall: NodeJS.Timeout } | null = null;
  let isEnded = false;

  const noteRead = () => {
    clearTimeout(awaitedRead?.stall);
    awaitedRead?.resolve();
    awaitedRead = null;
  };

  const countBytes = (bytes: number) => {
    queuedBytes += bytes;
    if (bytes !== 0) onQueued?.(bytes);
  };
  const empty = () => {
    queue.length = 0;
    countBytes(-queuedBytes);
  };

  const add = (result: FormattedExecutionResult) => {
    if (reader) {
      reader({ done: false, value: result });
      reader = null;
    } else {
      queue.push(result);
      countBytes(resultText(result).length);
    }
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
    empty();
    end();
  };

  const cut = () => {
    empty();
    end([slowness]);
  };

  const results: AsyncIterableIterator<FormattedExecutionResult> = {
    next() {
      const value = queue.shift();
      if (value) {
        countBytes(-resultText(value).length);
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
      return !isEnded && (queue.length >= queueMax || queuedBytes >= queueBytesMax);
    },
    push(result) {
      if (isEnded) return;
      if (queue.length >= 2 * queueMax || queuedBytes >= 2 * queueBytesMax) cut();
      else add(result);
    },
    nextRead() {
      if (isEnded) return Promise.resolve();
      awaitedRead ??= { ...Promise.withResolvers<void>(), stall: setTimeout(cut, stallMs) };
      return awaitedRead.promise;
    },
    cut,
    end,
  };
}
