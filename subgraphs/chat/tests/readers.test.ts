import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { migrate, migrateDown } from '../../../platform/database/migrate.ts';
import { readEvents } from '../../../platform/event-log/event-log.ts';
import { transact } from '../../../platform/event-log/transaction.ts';
import { systemPart } from '../../../platform/identity/actor.ts';
import { openSubgraph } from '../../../platform/subgraph/subgraph.ts';
import { aPerson } from '../../../platform/testing/actors.ts';
import { testLog } from '../../../platform/testing/infrastructure.ts';
import { channelStream } from '../../../schema/events/chat.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { MemberChanged } from '../../../schema/events/projects.ts';
import { Channel } from '../entities/channel.ts';
import { CHAT_SUBGRAPH } from '../subgraph.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeEach(async () => {
  // No sweep: the readers must not work while a migration runs.
  world = await openWorld({ sweepSeconds: 300 });
});
afterEach(() => world.close());

const em = () => world.subgraph.orm.em.fork();
const typesOf = async (channelId: string) =>
  (await readEvents(em(), channelStream(channelId), 0, 100)).map(({ type }) => type);

/** Positions of the subgraph's readers in a stream, by reader. */
async function positions(stream: string): Promise<Record<string, number>> {
  const rows: { reader: string; seq: number }[] = await em().execute(
    'select reader, seq::float8 as seq from log.reader_position where stream = ? order by reader',
    [stream],
  );
  return Object.fromEntries(rows.map(({ reader, seq }) => [reader, seq]));
}

describe('the readers of the subgraph, added to a log with history', () => {
  /** A second subgraph on the same rows, whose readers have other names and so have read nothing yet. */
  async function withNewReaders(work: () => Promise<unknown>) {
    const readers = CHAT_SUBGRAPH.readers.map((reader) => ({ ...reader, name: `${reader.name}-again` }));
    const subgraph = await openSubgraph({ ...CHAT_SUBGRAPH, readers }, world.infrastructure, testLog);
    try {
      await subgraph.catchUp();
      await work();
    } finally {
      await subgraph.close();
    }
  }

  test('create the channel general of a project that was there before', async () => {
    const { projectId } = await world.channel();
    await em().nativeDelete(Channel, { projectId });

    await withNewReaders(async () => {
      expect(await em().find(Channel, { projectId })).toMatchObject([{ name: 'general' }]);
    });
  });

  test('publish no departure of a person who had left before', async () => {
    const { projectId, channelId } = await world.channel();
    await world.remove(projectId, await world.member(projectId, 'MEMBER'));
    await world.subgraph.catchUp();

    await withNewReaders(async () => {
      expect(await typesOf(channelId)).toEqual(['chat.channel-left.v1']);
    });
  });
});

describe('the migration to named readers', () => {
  const stream = projectStream(randomUUID());

  /** Brings the rows to what they were before the readers had names, with the reader `chat` at a position. */
  async function goBack(seq: number) {
    await migrateDown(world.subgraph.orm, world.infrastructure.source, testLog, '0001-chat');
    await em().execute('update log.reader_position set seq = ? where reader = ? and stream = ?', [
      seq,
      'chat',
      stream,
    ]);
  }

  async function publishMembers(count: number) {
    const { orm, doorbell } = world.subgraph;
    const silence = { ...doorbell, ring: () => undefined };
    await transact({ em: orm.em, doorbell: silence, actor: systemPart('test'), locks: [] }, async (tx) => {
      for (let n = 0; n < count; n++) {
        const { id } = aPerson('Ada');
        const payload = { projectId: randomUUID(), userId: id, role: 'MEMBER' as const };
        tx.publish(MemberChanged, { stream, subject: id, payload });
      }
    });
    await world.subgraph.catchUp();
  }

  test('gives both readers the position of the reader that they replace', async () => {
    await publishMembers(3);
    await goBack(2);

    await migrate(world.subgraph.orm, world.infrastructure.source, testLog);

    expect(await positions(stream)).toEqual({ 'chat.channels': 2, 'chat.departures': 2 });
    const names = await em().execute('select name from log.reader order by name');
    expect(names).toEqual([{ name: 'chat.channels' }, { name: 'chat.departures' }]);
  });

  test('gives the one reader, on the way back, the lesser position of both', async () => {
    await publishMembers(3);
    await em().execute(`update log.reader_position set seq = 1 where reader = 'chat.departures'`);

    await migrateDown(world.subgraph.orm, world.infrastructure.source, testLog, '0001-chat');

    expect(await positions(stream)).toEqual({ chat: 1 });
    expect(await em().execute('select name from log.reader')).toEqual([]);
  });
});
