import { setTimeout as pause } from 'node:timers/promises';
import { type Client, createClient } from 'graphql-ws';
import { decodeCursor } from '../../platform/cursor.ts';
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
export function follow(url: string, { document, id, after, followed: what }: Subject): Follower {
  const followed: Followed = { ...what, from: 0, seqs: [], resets: 0, connections: 0 };
  let cursor = after;
  if (after !== null) followed.from = decodeCursor(what.stream, after);
  const connection: { client?: Client } = {};
  let caughtUpAt: number | null = null;
  let isOver = false;
  let isEnded = false;

  const take = ({ __typename, cursor: next }: Event) => {
    const seq = decodeCursor(what.stream, next);
    if (__typename === 'StreamReset') followed.resets += 1;
    else if (__typename !== 'StreamCaughtUp') followed.seqs.push(seq);
    else {
      caughtUpAt = seq;
      if (cursor === null) followed.from = seq;
    }
    cursor = next;
  };

  /** Resolves when the connection is gone, with whether the subscription is over. */
  const connect = () =>
    new Promise<boolean>((resolve) => {
      const client = createClient({
        url: `${url.replace(/^http/, 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
      });
      connection.client = client;
      followed.connections += 1;
      client.subscribe<Record<string, Event | null>>(
        { query: document, variables: { id, after: cursor } },
        {
          next: ({ data }) => {
            const [event] = Object.values(data ?? {});
            if (event) return take(event);
            // An event that could not be given, or a refusal: it is asked for again.
            resolve(false);
            client.terminate();
          },
          error: () => resolve(false),
          complete: () => resolve(true),
        },
      );
    });

  const finished = (async () => {
    while (!isEnded && !isOver) {
      isOver = (await connect()) && !isEnded;
      await connection.client?.dispose();
      if (!isOver && !isEnded) await pause(RECONNECT_MS);
    }
  })();

  return {
    followed: () => (cursor === null ? null : followed),
    caughtUpAt: () => caughtUpAt,
    drop: () => connection.client?.terminate(),
    isOver: () => isOver,
    async end() {
      isEnded = true;
      await connection.client?.dispose();
      await finished;
    },
  };
}
