import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { EventWork } from './hydration.ts';
import type { Subscriber } from './subscriber.ts';

/** Subscribers that get the same results. Each event is completed once for all of them, in order. */
export interface Group {
  /** Adds a subscriber. It gets the greeting, if there is one, and all later events. */
  join(subscriber: Subscriber, greeting: FormattedExecutionResult | null): void;
  leave(subscriber: Subscriber): void;
  readonly isEmpty: boolean;
  /** `pendingMax` events wait for their hydration. The stream should pause. */
  readonly isFull: boolean;
  /** Adds an event for all present subscribers. */
  add(event: FormattedExecutionResult, work: EventWork): void;
  /** Resolves when no event waits any more. */
  whenIdle(): Promise<void>;
  /** Ends all subscribers after the waiting events. */
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface GroupOptions {
  hydrate: (event: FormattedExecutionResult, work: EventWork) => Promise<FormattedExecutionResult>;
  pendingMax: number;
  /** Called when most of the waiting events of a full group are done. */
  onDrained: () => void;
}

interface Item {
  event: FormattedExecutionResult;
  work: EventWork;
  /** The only receiver. Without it the event is for all subscribers that were present when it came. */
  only?: Subscriber;
  number: number;
}

/** The most events of one group that are hydrated at the same time. */
const CONCURRENCY = 4;

/** Creates an empty group. Its events are hydrated concurrently and delivered in order. */
export function createGroup({ hydrate, pendingMax, onDrained }: GroupOptions): Group {
  /** Each subscriber with the number of the first event that it gets. */
  const subscribers = new Map<Subscriber, number>();
  const waiting: Item[] = [];
  const running: { item: Item; result: Promise<FormattedExecutionResult> }[] = [];
  let count = 0;
  let isPumping = false;
  let wasFull = false;
  let idle: PromiseWithResolvers<void> | null = null;
  let ending: { errors: readonly GraphQLFormattedError[] | undefined } | null = null;

  const startWork = () => {
    while (running.length < CONCURRENCY && waiting.length > 0) {
      const item = waiting.shift()!;
      running.push({ item, result: hydrate(item.event, item.work) });
    }
  };

  const deliver = async ({ only, number }: Item, result: FormattedExecutionResult) => {
    const receivers = [...subscribers]
      .filter(([subscriber, since]) => (only ? subscriber === only : since <= number))
      .map(([subscriber]) => subscriber);
    for (const receiver of receivers) receiver.push(result);
    // The fastest reader sets the pace. Slower ones are cut at their own bound and delay nobody.
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
    idle?.resolve();
    idle = null;
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
      if (greeting)
        enqueue({ event: greeting, work: { fetches: new Map(), isLive: true }, only: subscriber });
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
    add: (event, work) => enqueue({ event, work }),
    whenIdle() {
      if (!isPumping) return Promise.resolve();
      idle ??= Promise.withResolvers();
      return idle.promise;
    },
    end(errors) {
      ending = { errors };
      if (!isPumping) endAll();
    },
  };
}
