import type { MikroORM } from '@mikro-orm/postgresql';
import type { EventFilter } from '../event-log/event-log.ts';
import type { FollowItem, StreamHub } from '../event-log/stream-hub.ts';
import { until } from '../testing/wait.ts';
import { BOTH, type World } from './world.ts';

/** The world's database for a hub. It counts the queries, and runs `before` and `after` around each of them. */
export function watched(
  world: World,
  {
    before = async () => {},
    after = async () => {},
  }: { before?: () => Promise<void>; after?: () => Promise<void> },
) {
  const queries = { count: 0 };
  const fork = () => {
    const em = world.em();
    const execute = async (sql: string, values: unknown[]) => {
      queries.count++;
      await before();
      const rows = await em.execute(sql, values);
      await after();
      return rows;
    };
    return { execute };
  };
  return { queries, orm: { em: { fork } } as unknown as MikroORM };
}

/** Follows in the background, and keeps what it gets in short form: an event as its number. */
export function follow(hub: StreamHub, stream: string, after: number | null, filter: EventFilter = BOTH) {
  const abort = new AbortController();
  const got: (number | string)[] = [];
  const ended = (async () => {
    for await (const item of hub.follow(stream, after, filter, abort.signal)) got.push(inShort(item));
  })();
  return {
    got,
    abort,
    ended,
    gets: (last: number | string) => until(`${last} in ${got}`, () => got.at(-1) === last, 5_000),
  };
}

export const inShort = (item: FollowItem): number | string => {
  if (item.kind === 'event') return item.event.seq;
  return item.kind === 'reset' ? `${item.reason} ${item.seq}` : `live ${item.seq}`;
};
/** 1 to `seq`. */
export const upTo = (seq: number) => Array.from({ length: seq }, (_, index) => index + 1);
