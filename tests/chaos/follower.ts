import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { decodeCursor } from '../../platform/event-log/cursor.ts';
import type { Followed } from './history.ts';

const RECONNECT_MS = 100;

/** A subscription to follow. */
export interface FollowOptions {
  document: string;
  /** The id of the project or the run. */
  id: string;
  /** The cursor to begin after; null: begins now. */
  after: string | null;
  followed: Pick<Followed, 'name' | 'types' | 'subject' | 'stream'>;
}

/** A subscriber that reconnects with its last cursor after it has lost its connection. */
export interface Follower {
  /** The events received so far; null before the follower was live for the first time. */
  followed(): Followed | null;
  /** The position at which the follower was last live; null before that. */
  caughtUpAt(): number | null;
  /** Cuts the connection. */
  disconnect(): void;
  /** Whether the subscription has completed. */
  isOver(): boolean;
  /** Ends the subscription. */
  end(): Promise<void>;
}

interface Event {
  __typename: string;
  cursor: string;
}

/** Follows a subscription until it completes or `end` is called. */
export function follow(url: string, options: FollowOptions): Follower {
  const recorder = createRecorder(options);
  let connection: Connection | null = null;
  let isOver = false;
  let isEnded = false;
  const finished = (async () => {
    while (!isEnded && !isOver) {
      connection = connect(url, options, recorder);
      isOver = (await connection.isLast) && !isEnded;
      await connection.close();
      if (!isOver && !isEnded) await pause(RECONNECT_MS);
    }
  })();
  return {
    followed: () => (recorder.cursor() === null ? null : recorder.followed),
    caughtUpAt: recorder.caughtUpAt,
    disconnect: () => connection?.cut(),
    isOver: () => isOver,
    async end() {
      isEnded = true;
      await connection?.close();
      await finished;
    },
  };
}

/** Records the events and the cursor of a follower. */
function createRecorder({ after, followed: description }: FollowOptions) {
  const { stream } = description;
  const from = after === null ? 0 : decodeCursor(stream, after);
  const followed: Followed = { ...description, from, seqs: [], resets: 0, connections: 0 };
  let cursor = after;
  let caughtUpAt: number | null = null;
  return {
    followed,
    cursor: () => cursor,
    caughtUpAt: () => caughtUpAt,
    record({ __typename, cursor: next }: Event): void {
      const seq = decodeCursor(stream, next);
      if (__typename === 'StreamReset') followed.resets += 1;
      else if (__typename !== 'StreamCaughtUp') followed.seqs.push(seq);
      else {
        caughtUpAt = seq;
        if (cursor === null) followed.from = seq;
      }
      cursor = next;
    },
  };
}

interface Connection {
  /** Resolves when the connection is closed or unusable: with true when the subscription has completed. */
  isLast: Promise<boolean>;
  cut(): void;
  close(): Promise<void>;
}

function connect(
  url: string,
  { document, id }: FollowOptions,
  recorder: ReturnType<typeof createRecorder>,
): Connection {
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  recorder.followed.connections += 1;
  const { promise: isLast, resolve } = Promise.withResolvers<boolean>();
  let isBroken = false;
  client.subscribe<Record<string, Event | null>>(
    { query: document, variables: { id, after: recorder.cursor() } },
    {
      next: ({ data }) => {
        const [event] = Object.values(data ?? {});
        // An event with an error, or a refusal: the follower reconnects and requests this and later events again.
        if (!event) isBroken = true;
        if (isBroken) resolve(false);
        else recorder.record(event!);
      },
      error: () => resolve(false),
      complete: () => resolve(!isBroken),
    },
  );
  return { isLast, cut: () => client.terminate(), close: async () => client.dispose() };
}
