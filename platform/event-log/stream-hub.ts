import type { MikroORM } from '@mikro-orm/postgresql';
import type { Logger } from '../process/log.ts';
import type { Doorbell } from './doorbell.ts';
import { type EventFilter, type LoggedEvent, readEvents, readHeads, readOldest } from './event-log.ts';

/** What a follower gets: events in order, and where it stands. */
export type FollowItem =
  | { kind: 'event'; event: LoggedEvent }
  /** Everything before now was given; what follows is live. */
  | { kind: 'caught-up'; seq: number }
  /** The events after the follower's position cannot be given; it goes on live from `seq`. */
  | { kind: 'reset'; seq: number; reason: ResetReason };

export type ResetReason = 'CURSOR_EXPIRED' | 'CURSOR_UNKNOWN' | 'TOO_FAR_BEHIND';

/** Lets any number of followers read the same streams, each event being read once for all of them. */
export interface StreamHub {
  /**
   * Follows a stream after a position (exclusive), or from now on: no gap, no duplicate, in order.
   * Ends when `signal` is aborted. A follower that reads slowly costs no memory: it is served from the log.
   */
  follow(
    stream: string,
    after: number | null,
    filter: EventFilter,
    signal: AbortSignal,
  ): AsyncGenerator<FollowItem>;
  close(): void;
}

/** The newest events of a stream are kept for followers that keep up; others read the log. */
const RECENT_EVENTS_MAX = 1_000;
const READ_EVENTS_MAX = 500;
/** Replaying more than this takes longer than fetching the state anew. */
const REPLAY_EVENTS_MAX = 10_000;

interface Feed {
  /** The newest event that the feed has read. */
  seq: number;
  recent: LoggedEvent[];
  /** One for each follower; called when `seq` has risen. */
  wakes: Set<() => void>;
  started: Promise<void>;
  reading: boolean;
  /** The newest position heard of while reading. */
  heard: number;
}

/**
 * Opens the hub of a subgraph.
 *
 * A feed per followed stream reads the log when the doorbell hints at something new, and every `sweepSeconds`
 * in case a hint was lost. Followers pull from the feed, so a slow one holds nothing up.
 */
export async function openStreamHub(
  orm: MikroORM,
  doorbell: Doorbell,
  { sweepSeconds, log }: { sweepSeconds: number; log: Logger },
): Promise<StreamHub> {
  const feeds = new Map<string, Feed>();
  let isClosed = false;
  const read = () => orm.em.fork();

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

  /** Growing must never fail its caller: what could not be read now is read at the next sweep. */
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
        reading: true, // hints wait until the feed knows where it starts
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

  /** Whether a position exists. A feed may be behind it: the follower got it from another process. */
  async function isCommitted(stream: string, seq: number): Promise<boolean> {
    const [head] = await readHeads(read(), [stream]);
    if (!head || seq > head.seq) return false;
    hint(stream, head.seq);
    return true;
  }

  /** Why the events after a position cannot be given, if they cannot. */
  async function resetReason(stream: string, feed: Feed, after: number): Promise<ResetReason | null> {
    if (after > feed.seq && !(await isCommitted(stream, after))) return 'CURSOR_UNKNOWN';
    if (after >= feed.seq) return null;
    if (feed.seq - after > REPLAY_EVENTS_MAX) return 'TOO_FAR_BEHIND';
    const oldest = await readOldest(read(), stream);
    return oldest === null || oldest > after + 1 ? 'CURSOR_EXPIRED' : null;
  }

  /** The events between two positions: from memory if they are there, else from the log. */
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
    const events = await readEvents(read(), stream, after, READ_EVENTS_MAX, filter);
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
    const bed = makeBed();
    const hasEnded = () => isClosed || signal.aborted;
    const feed = await attach(stream, bed.wake);
    // Not AbortSignal.any: it outlives every follower that ends while the hub's own signal does not abort.
    signal.addEventListener('abort', bed.wake);
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
          await bed.sleep();
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
      signal.removeEventListener('abort', bed.wake);
      detach(stream, feed, bed.wake);
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

/** A place for one follower to sleep until it is woken. It looks around before it lies down: no wake is kept. */
function makeBed() {
  let wake: () => void = () => undefined;
  return {
    wake: () => wake(),
    sleep: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      }),
  };
}
