import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Group } from './group.ts';
import type { EventFetches } from './hydration.ts';
import type { Stream, StreamOptions } from './stream.ts';

/** One stream of a subgraph and the groups that follow it. */
export interface Channel {
  /** Returns the group with this key; `create` makes a missing one. */
  group(key: string, create: () => { group: Group; changesEvent: boolean }): Group;
  /** Returns the first event of a new subscriber, which tells the position; null while the stream has not caught up. */
  greeting(): FormattedExecutionResult | null;
  /** Removes the group if it is empty, and closes the stream with the last group. */
  release(key: string): void;
  /** Resumes a paused stream once no group is full. */
  proceed(): void;
  /** Closes the stream and ends all groups. */
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface ChannelOptions {
  open: (listener: Pick<StreamOptions, 'onEvent' | 'onEnd'>) => Stream;
  /** Called once, when the channel accepts no more subscribers. */
  onClose: () => void;
}

/** Opens a stream and creates its channel. The channel closes when its last group is empty or the stream ends. */
export function createChannel({ open, onClose }: ChannelOptions): Channel {
  const groups = new Map<string, { group: Group; changesEvent: boolean }>();
  let isClosed = false;
  let isPaused = false;

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
  const hasFullGroup = () => [...groups.values()].some(({ group }) => group.isFull);

  const onEvent = (event: FormattedExecutionResult) => {
    const fetches: EventFetches = new Map();
    const isShared = groups.size > 1;
    // The plan of a group writes into the event, so groups must not share one object.
    for (const { group, changesEvent } of groups.values())
      group.add(changesEvent && isShared ? structuredClone(event) : event, fetches);
    if (isPaused || !hasFullGroup()) return;
    isPaused = true;
    stream.pause();
  };
  const proceed = () => {
    if (!isPaused || isClosed || hasFullGroup()) return;
    isPaused = false;
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
