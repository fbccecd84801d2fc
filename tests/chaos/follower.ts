import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { decodeCursor } from '../../platform/event-log/cursor.ts';
import type { Followed } from './history.ts';

const RECONNECT_MS = 100;

/** What to follow. */
export interface Subject {
  document: string;
  /** The project or the run. */
  id: string;
  /** The position to begin after; null: from now on. */
  after: string | null;
  followed: Pick<Followed, 'name' | 'types' | 'subject' | 'stream'>;
}

/** A subscriber that loses its connection and comes back with the last cursor it was given. */
export interface Follower {
  /** What it was given so far; null before it was live for the first time. */
  followed(): Followed | null;
  /** The position from which it was last live; null before it was. */
  caughtUpAt(): number | null;
  /** The connection is cut. */
  drop(): void;
  /** Whether the subscription has had its last event. */
  isOver(): boolean;
  /** Goes away. */
  end(): Promise<void>;
}

interface Event {
  __typename: string;
  cursor: string;
}

/** Follows until the subscription is over or `end` is called. */
export function follow(url: string, subject: Subject): Follower {
  const notebook = createNotebook(subject);
  let connection: Connection | null = null;
  let isOver = false;
  let isEnded = false;
  const finished = (async () => {
    while (!isEnded && !isOver) {
      connection = connect(url, subject, notebook);
      isOver = (await connection.isLast) && !isEnded;
      await connection.close();
      if (!isOver && !isEnded) await pause(RECONNECT_MS);
    }
  })();
  return {
    followed: () => (notebook.cursor() === null ? null : notebook.followed),
    caughtUpAt: notebook.caughtUpAt,
    drop: () => connection?.cut(),
    isOver: () => isOver,
    async end() {
      isEnded = true;
      await connection?.close();
      await finished;
    },
  };
}

/** Writes down what a follower is given, and where it stands. */
function createNotebook({ after, followed: what }: Subject) {
  const from = after === null ? 0 : decodeCursor(what.stream, after);
  const followed: Followed = { ...what, from, seqs: [], resets: 0, connections: 0 };
  let cursor = after;
  let caughtUpAt: number | null = null;
  return {
    followed,
    cursor: () => cursor,
    caughtUpAt: () => caughtUpAt,
    note({ __typename, cursor: next }: Event): void {
      const seq = decodeCursor(what.stream, next);
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
  /** Resolves when the connection is gone or of no more use: true when the subscription is over. */
  isLast: Promise<boolean>;
  cut(): void;
  close(): Promise<void>;
}

function connect(
  url: string,
  { document, id }: Subject,
  notebook: ReturnType<typeof createNotebook>,
): Connection {
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  notebook.followed.connections += 1;
  const { promise: isLast, resolve } = Promise.withResolvers<boolean>();
  let isBroken = false;
  client.subscribe<Record<string, Event | null>>(
    { query: document, variables: { id, after: notebook.cursor() } },
    {
      next: ({ data }) => {
        const [event] = Object.values(data ?? {});
        // One that could not be given, or a refusal: it and what follows it are asked for again.
        if (!event) isBroken = true;
        if (isBroken) resolve(false);
        else notebook.note(event!);
      },
      error: () => resolve(false),
      complete: () => resolve(!isBroken),
    },
  );
  return { isLast, cut: () => client.terminate(), close: async () => client.dispose() };
}
