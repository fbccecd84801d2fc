import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Group } from './group.ts';
import { holdResults } from './held-subscriber.ts';
import type { EventWork } from './hydration.ts';
import type { Stream, StreamOptions } from './stream.ts';
import type { Subscriber } from './subscriber.ts';

/** Creates the group of a document. `changesEvent` says that its plan writes into the events. */
export type CreateGroup = (onDrained: () => void) => { group: Group; changesEvent: boolean };

/** A subscriber and what its document determines. */
export interface Member {
  readonly subscriber: Subscriber;
  readonly groupKey: string;
  readonly createGroup: CreateGroup;
}

/** One stream of a subgraph and the groups that follow it. */
export interface Channel {
  /** Adds a member to the group of its document. The first event of a stream that has caught up tells the position. */
  join(member: Member): void;
  /** Adds a member of another channel at the same position, after it got what waits for it in its group there. */
  adopt(member: Member, from: Group): void;
  /** Removes a member. The stream closes with the last one. */
  leave(member: Member): void;
  members(): Member[];
  /** The position of the last event; null before the stream has caught up. */
  readonly livePosition: string | null;
  /** Moves all members to another channel that is at the same position. They get every event once, in order. */
  moveTo(other: Channel): void;
  /** Closes the stream and ends all groups. */
  end(errors?: readonly GraphQLFormattedError[]): void;
}

export interface ChannelOptions {
  open: (listener: Pick<StreamOptions, 'onEvent' | 'onEnd'>) => Stream;
  /** Called after each event, when all groups have it. */
  onProgress: () => void;
  /** Called once, when the channel accepts no more members. */
  onClose: () => void;
}

interface Entry {
  readonly group: Group;
  readonly changesEvent: boolean;
  /** Each member with what takes its results. */
  readonly members: Map<Member, Subscriber>;
}

/** Opens a stream and creates its channel. The channel closes when its last member leaves or the stream ends. */
export function createChannel({ open, onProgress, onClose }: ChannelOptions): Channel {
  const entries = new Map<string, Entry>();
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
    for (const { group } of [...entries.values()]) group.end(errors);
  };
  const hasFullGroup = () => [...entries.values()].some(({ group }) => group.isFull);

  const onEvent = (event: FormattedExecutionResult) => {
    const isShared = entries.size > 1;
    const work: EventWork = { fetches: new Map(), isLive: stream.livePosition() !== null };
    // The plan of a group writes into the event, so groups must not share one object.
    for (const { group, changesEvent } of entries.values())
      group.add(changesEvent && isShared ? structuredClone(event) : event, work);
    onProgress();
    if (isPaused || !hasFullGroup()) return;
    isPaused = true;
    stream.pause();
  };
  const proceed = () => {
    if (!isPaused || isClosed || hasFullGroup()) return;
    isPaused = false;
    stream.resume();
  };

  const entryOf = ({ groupKey, createGroup }: Member): Entry => {
    const known = entries.get(groupKey);
    if (known) return known;
    const made = { ...createGroup(proceed), members: new Map<Member, Subscriber>() };
    entries.set(groupKey, made);
    return made;
  };
  const remove = (member: Member) => {
    const entry = entries.get(member.groupKey);
    if (!entry?.members.delete(member)) return;
    if (entry.members.size === 0) entries.delete(member.groupKey);
    if (entries.size === 0) close();
    else proceed();
  };

  const add = (member: Member, receiver: Subscriber, greeting: FormattedExecutionResult | null) => {
    const { group, members } = entryOf(member);
    members.set(member, receiver);
    group.join(receiver, greeting);
  };

  const channel: Channel = {
    join: (member) => add(member, member.subscriber, stream.greeting()),
    adopt: (member, from) => add(member, holdResults(member.subscriber, from.whenIdle()), null),
    leave(member) {
      const { group, members } = entries.get(member.groupKey) ?? {};
      const receiver = members?.get(member);
      if (receiver) group?.leave(receiver);
      remove(member);
    },
    members: () => [...entries.values()].flatMap(({ members }) => [...members.keys()]),
    get livePosition() {
      return isPaused ? null : stream.livePosition();
    },
    moveTo(other) {
      for (const { group, members } of [...entries.values()]) {
        for (const member of [...members.keys()]) {
          other.adopt(member, group);
          remove(member);
        }
      }
    },
    end,
  };
  const stream = open({ onEvent, onEnd: end });
  return channel;
}
