import { type Channel, type ChannelOptions, createChannel, type Member } from './channel.ts';
import type { StreamOptions } from './stream.ts';

/** What tells which channels a subscription may share. */
export interface ChannelKeys {
  /** The subscription begins with events of the past. */
  readonly isReplay: boolean;
  /** The same for all subscriptions that get the same live events, wherever they began. */
  readonly liveKey: string;
  /** The same for all that begin after the same event, too. */
  readonly replayKey: string;
}

export type StreamListener = Pick<StreamOptions, 'onEvent' | 'onEnd'>;

/** The channels of a gateway, and which of them subscriptions share. */
export interface ChannelRegistry {
  /** Adds a member to a channel that gives it every event from its position on. `open` makes a missing one. */
  join(keys: ChannelKeys, member: Member, open: ChannelOptions['open']): void;
  leave(member: Member): void;
  /** Ends all subscriptions without an error. */
  close(): void;
}

/**
 * Creates the registry. There is one live channel for each live key. A replay has a channel of its own, which clients that
 * begin after the same event share until it begins. As soon as it has caught up with the live channel, its members move
 * there. So a client that came back costs no more than one that never left.
 */
export function createChannelRegistry(): ChannelRegistry {
  const live = new Map<string, Channel>();
  /** Replays that have not begun, by their replay key. */
  const waiting = new Map<string, Channel>();
  /** Replays that have not moved, by their live key. */
  const replaying = new Map<string, Set<Channel>>();
  const homes = new Map<Member, Channel>();

  const forgetReplay = (channel: Channel, { liveKey, replayKey }: ChannelKeys) => {
    if (waiting.get(replayKey) === channel) waiting.delete(replayKey);
    const replays = replaying.get(liveKey);
    replays?.delete(channel);
    if (replays?.size === 0) replaying.delete(liveKey);
  };

  /** Moves the members of a replay to the live channel, if both are at one position; without one it is the live one. */
  const settle = (replay: Channel, keys: ChannelKeys) => {
    if (replay.livePosition === null) return;
    const target = live.get(keys.liveKey);
    if (target && target.livePosition !== replay.livePosition) return; // one of them will reach the other
    forgetReplay(replay, keys);
    if (!target) {
      live.set(keys.liveKey, replay);
      return;
    }
    for (const member of replay.members()) homes.set(member, target);
    replay.moveTo(target);
  };

  const onProgress = (channel: Channel, keys: ChannelKeys) => {
    if (waiting.get(keys.replayKey) === channel) waiting.delete(keys.replayKey);
    const replays = replaying.get(keys.liveKey);
    if (live.get(keys.liveKey) === channel) for (const replay of [...(replays ?? [])]) settle(replay, keys);
    else if (replays?.has(channel)) settle(channel, keys);
  };

  const open = (keys: ChannelKeys, openStream: ChannelOptions['open']): Channel => {
    const channel = createChannel({
      open: openStream,
      onProgress: () => onProgress(channel, keys),
      onClose: () => {
        if (live.get(keys.liveKey) === channel) live.delete(keys.liveKey);
        forgetReplay(channel, keys);
      },
    });
    if (!keys.isReplay) {
      live.set(keys.liveKey, channel);
      return channel;
    }
    waiting.set(keys.replayKey, channel);
    const replays = replaying.get(keys.liveKey);
    if (replays) replays.add(channel);
    else replaying.set(keys.liveKey, new Set([channel]));
    return channel;
  };

  return {
    join(keys, member, openStream) {
      const known = keys.isReplay ? waiting.get(keys.replayKey) : live.get(keys.liveKey);
      const channel = known ?? open(keys, openStream);
      homes.set(member, channel);
      channel.join(member);
    },
    leave(member) {
      const channel = homes.get(member);
      homes.delete(member);
      channel?.leave(member);
    },
    close() {
      const replays = [...replaying.values()].flatMap((channels) => [...channels]);
      for (const channel of [...live.values(), ...replays]) channel.end();
    },
  };
}
