import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Group } from './group.ts';
import type { EventFetches } from './hydration.ts';
import type { Stream, StreamOptions } from './stream.ts';

/** A stream of a subgraph and the groups that follow it. */
export interface Channel {
  /** The group of that key, made when it is new. */
  group(key: string, create: () => { group: Group; changesEvent: boolean }): Group;
  /** Where a newcomer begins; null while the stream has not caught up. */
  greeting(): FormattedExecutionResult | null;
  /** Lets go of the group if nobody is in it, and of the stream with the last group. */
  release(key: string): void;
  /** Goes on with a stream that waits for its groups, once none of them is full. */
  proceed(): void;
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface ChannelOptions {
  open: (listener: Pick<StreamOptions, 'onEvent' | 'onEnd'>) => Stream;
  /** Called once, when the channel takes no more subscribers. */
  onClose: () => void;
}

export function createChannel({ open, onClose }: ChannelOptions): Channel {
  const groups = new Map<string, { group: Group; changesEvent: boolean }>();
  let isClosed = false;
  let isWaiting = false;

  const close = () => {
    if (isClosed) return;
    isClosed = true;
    stream.close();
    onClose();
  };
  const end = (errors?: readonly GraphQLFormattedError[]) => {
    close();
    for (const { group } of [...groups.values()]) group.end(errors);
  };
  const isCrowded = () => [...groups.values()].some(({ group }) => group.isFull);

  const onEvent = (event: FormattedExecutionResult) => {
    const fetches: EventFetches = new Map();
    const isShared = groups.size > 1;
    // Running a plan writes into the event, so groups must not have the same.
    for (const { group, changesEvent } of groups.values())
      group.add(changesEvent && isShared ? structuredClone(event) : event, fetches);
    if (isWaiting || !isCrowded()) return;
    isWaiting = true;
    stream.pause();
  };
  const proceed = () => {
    if (!isWaiting || isClosed || isCrowded()) return;
    isWaiting = false;
    stream.resume();
  };

  const stream = open({ onEvent, onEnd: end });

  return {
    group(key, create) {
      const known = groups.get(key);
      if (known) return known.group;
      const made = create();
      groups.set(key, made);
      return made.group;
    },
    greeting: () => stream.greeting(),
    release(key) {
      if (groups.get(key)?.group.isEmpty) groups.delete(key);
      if (groups.size === 0) close();
      else proceed();
    },
    proceed,
    end,
  };
}
