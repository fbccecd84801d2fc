import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { migrate, migrateDown } from '../../../platform/database/migrate.ts';
import { testLog } from '../../../platform/testing/infrastructure.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { Agent } from '../entities/agent.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeEach(async () => {
  world = await openWorld({}, { isRunning: false });
});
afterEach(() => world.close());

const readPositions = () =>
  world
    .em()
    .execute('select reader, stream, seq::int as seq from log.reader_position order by reader, stream');
const readReaders = async () => {
  const rows: { name: string }[] = await world.em().execute('select name from log.reader order by name');
  return rows.map(({ name }) => name);
};
const back = () => migrateDown(world.subgraph.orm, world.infrastructure.source, testLog, '0001-agents');
const forward = () => migrate(world.subgraph.orm, world.infrastructure.source, testLog);

test('the reader of the former version hands its positions to agents.tasks, and gets them back', async () => {
  const projectId = await world.project();
  await world.task({ projectId });
  await world.subgraph.catchUp();
  const position = { stream: projectStream(projectId), seq: 1 };

  await back();
  expect(await readPositions()).toEqual([{ reader: 'agents', ...position }]);
  expect(await readReaders()).toEqual([]);
  await forward();

  expect(await readPositions()).toEqual([{ reader: 'agents.tasks', ...position }]);
  expect(await readReaders()).toEqual(['agents.tasks']);
});

test('an event of the former version tells the agent as it is now, and only its id after the way back', async () => {
  const projectId = await world.project();
  const { id } = await world.agent();
  await world.start({ agentId: id, taskId: await world.task({ projectId }) });
  const ofAgent = () =>
    world.em().execute('select type, payload from log.event where subject = ? order by seq', [id]);
  const before = await ofAgent();
  await world.em().nativeUpdate(Agent, { id }, { name: 'Author' });

  await back();
  expect(await ofAgent()).toEqual(
    before.map(() => ({ type: 'agents.agent-changed.v1', payload: { agentId: id } })),
  );
  await forward();

  expect(await world.agentEvents(projectId, id)).toMatchObject([{ agentId: id, name: 'Author' }]);
});

test('a database on which the former version never read gets no reader', async () => {
  await back();
  await world.em().execute('delete from log.reader_position');
  await world.em().execute('insert into log.stream (stream) values (?)', [projectStream(randomUUID())]);

  await forward();

  expect(await readPositions()).toEqual([]);
  expect(await readReaders()).toEqual([]);
});
