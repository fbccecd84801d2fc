import type { MikroORM } from '@mikro-orm/postgresql';
import { createFairQueue } from '../process/fair-queue.ts';
import type { Logger } from '../process/log.ts';
import type { Doorbell } from './doorbell.ts';
import { type EventFilter, type LoggedEvent, readEvents, readHeads, readOldest } from './event-log.ts';

/** What a follower receives: the events of a stream in their order, and how far it has come. */
export type FollowItem =
  | { kind: 'event'; event: LoggedEvent }
  /** The follower has received everything up to `seq`. What follows is live. */
  | { kind: 'caught-up'; seq: number }
  /** The events after the follower's position cannot be given. The follower continues live from `seq`. */
  | { kind: 'reset'; seq: number; reason: ResetReason };

export type ResetReason = 'CURSOR_EXPIRED' | 'CURSOR_UNKNOWN' | 'TOO_FAR_BEHIND';

/** Lets any number of followers read the same streams. Each event is read from the database once for all of them. */
export interface StreamHub {
  /**
   * Follows a stream after a position (exclusive), or from now on: no gap, no duplicate, in order.
   * Ends when `signal` is aborted. A slow follower costs no memory: it is served from the log.
   */
  follow(
    stream: string,
    after: number | null,
    filter: EventFilter,
    signal: AbortSignal,
  ): AsyncGenerator<FollowItem>;
  close(): void;
}

/** The newest events of a stream stay in memory for followers that keep up. Slower followers read the log. */
const RECENT_EVENTS_MAX = 1_000;
const READ_EVENTS_MAX = 500;
/** How many followers read the past at a time. Thousands may come back at once. */
const READS_AT_ONCE_MAX = 2;
/** A client reads the state anew in less time than it takes to replay more events than this. */
const REPLAY_EVENTS_MAX = 10_000;

/** What the hub knows of one stream while somebody follows it. */
interface Feed {
  /** The position of the newest event that the feed has read. */
  seq: number;
  recent: LoggedEvent[];
  /** The wake-up functions of its followers. They are called when `seq` has risen. */
  wakes: Set<() => void>;
  started: Promise<void>;
  reading: boolean;
  /** The newest position that a hint or a sweep has told of. */
  heard: number;
}

/**
 * Opens the hub of a subgraph.
 *
 * Each followed stream has a feed, which reads the log when the doorbell hints at new events, and every `sweepSeconds` in
 * case a hint was lost. Followers pull from the feed, so a slow follower delays no other.
 */
export async function openStreamHub(
  orm: MikroORM,
  doorbell: Doorbell,
  { sweepSeconds, log }: { sweepSeconds: number; log: Logger },
): Promise<StreamHub> {
  const feeds = new Map<string, Feed>();
  let isClosed = false;
  const read = () => orm.em.fork();
  const reads = createFairQueue({ runningMax: READS_AT_ONCE_MAX });

  async function grow(stream: string, feed: Feed, head: number): Promise<void> {
    feed.heard = Math.max(feed.heard, head);
    if (feed.reading) return;
    feed.reading = true;
    try {
      while (feed.seq < feed.heard) {
        const events = await readEvents(read(), stream, feed.seq, READ_EVENTS_MAX);
        if (events.length === 0) break;
        feed.recent.push(...events);
        feed.recent.splice(0, feed.recent.length - RECENT_EVENTS_MAX);
        feed.seq = events.at(-1)!.seq;
        for (const wake of feed.wakes) wake();
      }
    } finally {
      feed.reading = false;
    }
  }

  /** Reads on in the background. It never fails its caller: the next sweep reads what could not be read now. */
  const hint = (stream: string, head: number) => {
    const feed = feeds.get(stream);
    if (feed) grow(stream, feed, head).catch((err: unknown) => log.warn({ err, stream }, 'hub.not-read'));
  };

  const sweep = async () => {
    if (feeds.size === 0) return;
    for (const { stream, seq } of await readHeads(read(), [...feeds.keys()])) hint(stream, seq);
  };
  const timer = setInterval(
    () => sweep().catch((err: unknown) => log.warn({ err }, 'hub.not-swept')),
    sweepSeconds * 1000,
  );
  timer.unref();
  const unlisten = await doorbell.listen(({ stream, seq }) => hint(stream, seq));

  async function attach(stream: string, wake: () => void): Promise<Feed> {
    let feed = feeds.get(stream);
    if (!feed) {
      feed = {
        seq: 0,
        heard: 0,
        recent: [],
        wakes: new Set(),
        reading: true, // no hint is followed before the feed knows where it starts
        started: Promise.resolve(),
      };
      feeds.set(stream, feed);
      feed.started = start(stream, feed);
    }
    feed.wakes.add(wake);
    try {
      await feed.started;
    } catch (error) {
      detach(stream, feed, wake);
      throw error;
    }
    return feed;
  }

  async function start(stream: string, feed: Feed): Promise<void> {
    const [head] = await readHeads(read(), [stream]);
    feed.seq = head?.seq ?? 0;
    feed.reading = false;
    hint(stream, feed.heard);
  }

  function detach(stream: string, feed: Feed, wake: () => void): void {
    feed.wakes.delete(wake);
    if (feed.wakes.size === 0 && feeds.get(stream) === feed) feeds.delete(stream);
  }

  /** Whether a position exists. The feed may be behind it: the follower may have got it from another process. */
  async function isCommitted(stream: string, seq: number): Promise<boolean> {
    const [head] = await readHeads(read(), [stream]);
    if (!head || seq > head.seq) return false;
    hint(stream, head.seq);
    return true;
  }

  /** The reason why the events after a position cannot be given; null when they can. */
  async function resetReason(stream: string, feed: Feed, after: number): Promise<ResetReason | null> {
    if (after > feed.seq && !(await isCommitted(stream, after))) return 'CURSOR_UNKNOWN';
    if (after >= feed.seq) return null;
    if (feed.seq - after > REPLAY_EVENTS_MAX) return 'TOO_FAR_BEHIND';
    const oldest = await reads.run({ owner: stream }, () => readOldest(read(), stream));
    return oldest === null || oldest > after + 1 ? 'CURSOR_EXPIRED' : null;
  }

  /** The events between two positions, from memory if they are there, otherwise from the log, up to `seq`. */
  async function between(
    stream: string,
    feed: Feed,
    after: number,
    upTo: number,
    filter: EventFilter,
  ): Promise<{ events: LoggedEvent[]; seq: number }> {
    const first = feed.recent[0];
    if (first && first.seq <= after + 1) {
      const events = feed.recent.slice(after + 1 - first.seq, upTo + 1 - first.seq);
      return { events: events.filter((event) => matches(event, filter)), seq: upTo };
    }
    const events = await reads.run({ owner: stream }, () =>
      readEvents(read(), stream, after, READ_EVENTS_MAX, filter),
    );
    const within = events.filter(({ seq }) => seq <= upTo);
    const isWhole = events.length < READ_EVENTS_MAX || within.length < events.length;
    return { events: within, seq: isWhole ? upTo : within.at(-1)!.seq };
  }

  async function* follow(
    stream: string,
    after: number | null,
    filter: EventFilter,
    signal: AbortSignal,
  ): AsyncGenerator<FollowItem> {
    const waiter = createWaiter();
    const hasEnded = () => isClosed || signal.aborted;
    const feed = await attach(stream, waiter.wake);
    // Not AbortSignal.any with a signal of the hub: that would keep every follower in memory as long as the hub.
    signal.addEventListener('abort', waiter.wake);
    try {
      let position = after ?? feed.seq;
      const replayEnd = feed.seq;
      const reason = await resetReason(stream, feed, position);
      if (reason) {
        position = replayEnd;
        yield { kind: 'reset', seq: replayEnd, reason };
      }
      let isLive = false;
      while (!hasEnded()) {
        if (!isLive && position >= replayEnd) {
          isLive = true;
          yield { kind: 'caught-up', seq: position };
        } else if (isLive && position >= feed.seq) {
          await waiter.wait();
        } else {
          const next = await between(stream, feed, position, isLive ? feed.seq : replayEnd, filter);
          for (const event of next.events) {
            if (hasEnded()) return;
            yield { kind: 'event', event };
          }
          position = next.seq;
        }
      }
    } finally {
      signal.removeEventListener('abort', waiter.wake);
      detach(stream, feed, waiter.wake);
    }
  }

  return {
    follow,
    close() {
      clearInterval(timer);
      unlisten();
      isClosed = true;
      for (const { wakes } of feeds.values()) for (const wake of wakes) wake();
    },
  };
}

const matches = (event: LoggedEvent, { types, subject }: EventFilter): boolean =>
  types.includes(event.type) && (subject === undefined || event.subject === subject);

/** Lets one follower wait for the next wake-up. A wake-up while nobody waits is lost: check the condition, then wait. */
function createWaiter() {
  let wake: () => void = () => undefined;
  return {
    wake: () => wake(),
    wait: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      }),
  };
}
