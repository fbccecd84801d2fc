import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';

/** One client's subscription: results go in at one end and are read at the other, with a bounded queue between. */
export interface Subscriber {
  /** What the client reads. It ends when the client leaves or `end` is called. */
  readonly results: AsyncIterableIterator<FormattedExecutionResult>;
  /** Adds a result. Wait for `hasRoom` before adding more: the queue is bounded by that, not here. */
  push(result: FormattedExecutionResult): void;
  /** Resolves when there is room in the queue, or the subscription has ended because the client reads nothing. */
  hasRoom(): Promise<void>;
  /** Ends it after what is queued, with a result that holds the errors, if there are any. */
  end(errors?: readonly GraphQLFormattedError[]): void;
  /** Ends it at once: what is queued is dropped. */
  cut(errors: readonly GraphQLFormattedError[]): void;
}

export interface SubscriberOptions {
  queueMax: number;
  /** How long a client with a full queue may read nothing. */
  stallMs: number;
  onStall: () => readonly GraphQLFormattedError[];
  /** Called once, when nothing more goes in. */
  onEnd: () => void;
}

/** Written by hand: `return()` of an async generator would wait for the event that the client no longer wants. */
export function createSubscriber({ queueMax, stallMs, onStall, onEnd }: SubscriberOptions): Subscriber {
  const queue: FormattedExecutionResult[] = [];
  let reader: ((result: IteratorResult<FormattedExecutionResult>) => void) | null = null;
  let isEnded = false;
  let madeRoom: () => void = () => undefined;

  const push = (result: FormattedExecutionResult) => {
    if (isEnded) return;
    if (reader) {
      reader({ done: false, value: result });
      reader = null;
    } else queue.push(result);
  };

  const end = (errors?: readonly GraphQLFormattedError[]) => {
    if (isEnded) return;
    if (errors && errors.length > 0) push({ errors });
    isEnded = true;
    reader?.({ done: true, value: undefined });
    reader = null;
    madeRoom();
    onEnd();
  };

  const cut = (errors: readonly GraphQLFormattedError[]) => {
    if (isEnded) return;
    queue.length = 0;
    end(errors);
  };

  const results: AsyncIterableIterator<FormattedExecutionResult> = {
    next() {
      const value = queue.shift();
      if (value) {
        madeRoom();
        return Promise.resolve({ done: false, value });
      }
      if (isEnded) return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve) => {
        reader = resolve;
      });
    },
    return() {
      queue.length = 0;
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
    throw(error) {
      queue.length = 0;
      end();
      return Promise.reject(error);
    },
    [Symbol.asyncIterator]: () => results,
  };

  const hasRoom = () =>
    new Promise<void>((resolve) => {
      if (isEnded || queue.length < queueMax) return resolve();
      const stall = setTimeout(() => cut(onStall()), stallMs);
      madeRoom = () => {
        clearTimeout(stall);
        madeRoom = () => undefined;
        resolve();
      };
      return undefined;
    });

  return { results, push, end, cut, hasRoom };
}
