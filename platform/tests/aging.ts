import { readEvents } from '../event-log/event-log.ts';
import { type Removed, type RetentionOptions, removeExpired } from '../event-log/retention.ts';
import { testLog } from '../testing/infrastructure.ts';
import { aStream, numbered, type World } from './world.ts';

/** Retention in a world of tests: 90 days for events and 24 hours for idempotency keys, and a way to age events. */
export function retentionOf(world: World) {
  const options = (changes: Partial<RetentionOptions> = {}): RetentionOptions => ({
    name: 'lab',
    orm: world.subgraph.orm,
    transact: world.subgraph.transact,
    log: testLog,
    config: { RETENTION_EVENTS_DAYS: 90, RETENTION_IDEMPOTENCY_HOURS: 24 },
    rules: [],
    ...changes,
  });
  /** Moves the clock for the events of a stream up to a position: they become some days older. */
  const age = (stream: string, seq: number, days: number) =>
    world.em().execute(
      `update log.event set created_at = created_at - make_interval(days => ?)
       where stream = ? and seq <= ?`,
      [days, stream, seq],
    );
  return {
    options,
    age,
    remove: (changes?: Partial<RetentionOptions>): Promise<Removed> => removeExpired(options(changes)),
    /** Writes a stream of events, of which those up to `old` are 91 days old. */
    async writeStream({ events, old }: { events: number; old: number }): Promise<string> {
      const stream = aStream();
      await world.write(stream, numbered(events));
      await age(stream, old, 91);
      return stream;
    },
    /** The positions of the events of a stream that are kept. */
    kept: async (stream: string): Promise<number[]> =>
      (await readEvents(world.em(), stream, 0, 10_000)).map(({ seq }) => seq),
  };
}
