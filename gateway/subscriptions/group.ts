import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { EventFetches } from './hydration.ts';
import type { Subscriber } from './subscriber.ts';

/** The subscribers that get the same results: each event is completed once for all of them, in order. */
export interface Group {
  /** Adds a subscriber, who gets everything from now on, beginning with a greeting if there is one. */
  join(subscriber: Subscriber, greeting: FormattedExecutionResult | null): void;
  leave(subscriber: Subscriber): void;
  readonly isEmpty: boolean;
  /** Events wait here for hydration; more of them than is good. */
  readonly isFull: boolean;
  add(event: FormattedExecutionResult, fetches: EventFetches): void;
  /** Ends all subscribers, after the events that wait. */
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface GroupOptions {
  hydrate: (event: FormattedExecutionResult, fetches: EventFetches) => Promise<FormattedExecutionResult>;
  pendingMax: number;
  /** Called when a full group has worked off most of what waits. */
  onDrained: () => void;
}

interface Item {
  event: FormattedExecutionResult;
  fetches: EventFetches;
  /** Only for this one; absent: for all who were there when the event came. */
  only?: Subscriber;
  number: number;
}

/** Events of one group whose other subgraphs are asked at the same time. */
const CONCURRENCY = 4;

export function createGroup({ hydrate, pendingMax, onDrained }: GroupOptions): Group {
  /** Each with the number of the first event that is for it. */
  const subscribers = new Map<Subscriber, number>();
  const waiting: Item[] = [];
  const running: { item: Item; result: Promise<FormattedExecutionResult> }[] = [];
  let count = 0;
  let isPumping = false;
  let wasFull = false;
  let ending: { errors: readonly GraphQLFormattedError[] | undefined } | null = null;

  const startWork = () => {
    while (running.length < CONCURRENCY && waiting.length > 0) {
      const item = waiting.shift()!;
      running.push({ item, result: hydrate(item.event, item.fetches) });
    }
  };

  const deliver = async ({ only, number }: Item, result: FormattedExecutionResult) => {
    const receivers = [...subscribers]
      .filter(([subscriber, since]) => (only ? subscriber === only : since <= number))
      .map(([subscriber]) => subscriber);
    for (const receiver of receivers) receiver.push(result);
    // The fastest reader sets the pace: slower ones are cut at their own bound, and hold nobody up.
    if (receivers.length > 0 && receivers.every(({ isFull }) => isFull))
      await Promise.race(receivers.map((receiver) => receiver.nextRead()));
  };

  const endAll = () => {
    for (const subscriber of [...subscribers.keys()]) subscriber.end(ending?.errors);
  };

  const pump = async () => {
    startWork();
    if (isPumping) return;
    isPumping = true;
    for (let first = running[0]; first; first = running[0]) {
      const result = await first.result;
      running.shift();
      startWork();
      await deliver(first.item, result);
      if (wasFull && waiting.length <= pendingMax / 4) {
        wasFull = false;
        onDrained();
      }
      startWork();
    }
    isPumping = false;
    if (ending) endAll();
  };

  const enqueue = (item: Omit<Item, 'number'>) => {
    waiting.push({ ...item, number: count });
    count += 1;
    wasFull ||= waiting.length >= pendingMax;
    void pump();
  };

  return {
    join(subscriber, greeting) {
      subscribers.set(subscriber, count);
      if (greeting) enqueue({ event: greeting, fetches: new Map(), only: subscriber });
    },
    leave(subscriber) {
      subscribers.delete(subscriber);
      if (subscribers.size === 0) waiting.length = 0;
    },
    get isEmpty() {
      return subscribers.size === 0;
    },
    get isFull() {
      return wasFull;
    },
    add: (event, fetches) => enqueue({ event, fetches }),
    end(errors) {
      ending = { errors };
      if (!isPumping) endAll();
    },
  };
}
