import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeCursor } from '../../../platform/event-log/cursor.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { readCursors } from '../queries/run-cursor.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('the cursor of a run whose first event was removed is the start of the stream, so that it is answered with a StreamReset', async () => {
  const run = await world.start();
  const stream = projectStream(run.projectId);
  const position = async () => decodeCursor(stream, (await readCursors(world.em(), [run]))[0]!);
  await world.runIn(run.id, 'SUCCEEDED');
  expect(await position()).toBeGreaterThan(0);

  await world.em().execute(
    `delete from log.event where stream = ? and seq <=
       (select min(seq) from log.event where stream = ? and subject = ?)`,
    [stream, stream, run.id],
  );

  expect(await position()).toBe(0);
});
