import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { until } from '../../platform/testing/wait.ts';
import { closeWorlds, openWorld } from './world.ts';

afterEach(closeWorlds);

describe('the outbox', () => {
  test('contains the exact bytes on disk before the first attempt', async () => {
    const world = await openWorld();
    const found: string[] = [];
    world.receiver.onPost = async () => {
      for (const name of await world.outbox())
        found.push(await readFile(path.join(world.outboxFolder, name), 'utf8'));
    };
    await world.run();

    const [post] = await world.receiver.until(1);

    expect(found).toEqual([post?.raw]);
  });

  test('is empty after the callback was delivered', async () => {
    const world = await openWorld();
    world.receiver.answers = [204];
    await world.run();

    await world.receiver.until(1);
    await world.untilEmpty();

    expect(await world.dead()).toEqual([]);
    expect(world.log.at(-1)).toMatch(/^info .*delivered: session "agent:main:task:1".*attempt 1: HTTP 204/);
  });

  test('is readable by its owner only', async () => {
    const world = await openWorld();
    world.receiver.defaultAnswer = 503;
    await world.run();
    const [name] = await world.outbox();

    const modes = [world.outboxFolder, path.join(world.outboxFolder, name!)].map(
      async (file) => (await stat(file)).mode,
    );

    expect((await Promise.all(modes)).map((mode) => (mode & 0o777).toString(8))).toEqual(['700', '600']);
  });

  test('is in the folder that outboxFolder names', async () => {
    const world = await openWorld({ outboxFolder: 'elsewhere/unsent' });
    world.receiver.defaultAnswer = 503;
    await world.run();

    const folder = path.join(world.outboxFolder, '../elsewhere/unsent');
    expect((await stat(path.join(folder, 'dead'))).isDirectory()).toBe(true);
    expect(await world.outbox()).toEqual([]);
  });
});

describe('after a crash', () => {
  test('undelivered callbacks are sent again at once with the same bytes and ids', async () => {
    const world = await openWorld();
    world.receiver.defaultAnswer = 503;
    await world.run({ sessionKey: 'agent:main:task:1' });
    await world.run({ sessionKey: 'agent:main:task:2' });
    const before = [...(await world.receiver.until(2))];
    world.receiver.defaultAnswer = 200;

    await world.killAndStart();

    const after = (await world.receiver.until(4)).slice(2);
    await world.untilEmpty();
    const sent = (posts: typeof before) =>
      posts.map(({ headers, raw }) => [headers['webhook-id'], raw]).sort();
    expect(sent(after)).toEqual(sent(before));
  });

  test('a callback that is older than 24 hours has one last attempt', async () => {
    const world = await openWorld();
    world.receiver.defaultAnswer = 503;
    await world.run();
    await world.untilLogged('not delivered');

    await world.killAndStart(48 * 3_600_000);

    await world.untilLogged('given up');
    expect(world.receiver.posts).toHaveLength(2);
    await until('a file in dead/', async () => (await world.dead()).length === 1);
  });

  test('an incomplete file is removed, an invalid callback is moved to dead/, other files stay', async () => {
    const world = await openWorld();
    const nameOf = (digit: number) => `179539387470${digit}-msg_${crypto.randomUUID()}-0123456789abcdef.json`;
    await mkdir(world.outboxFolder, { recursive: true });
    const put = (name: string, text: string) => writeFile(path.join(world.outboxFolder, name), text);
    await put(`${nameOf(1)}.tmp`, '{"sessionKey":"agent:ma');
    await put(nameOf(2), 'not json');
    await put('notes.json', '{"sessionKey":"agent:main:task:1"}');

    await world.start();

    await until('a file in dead/', async () => (await world.dead()).length === 1);
    expect(await world.outbox()).toEqual(['notes.json']);
    await expect(stat(path.join(world.outboxFolder, `${nameOf(1)}.tmp`))).rejects.toThrow('ENOENT');
    expect(world.receiver.posts).toEqual([]);
  });

  test('a file that was moved back from dead/ is sent at the next start', async () => {
    const world = await openWorld();
    world.receiver.answers = [404];
    await world.run();
    await until('a file in dead/', async () => (await world.dead()).length === 1);
    const [name] = await world.dead();
    await rename(path.join(world.outboxFolder, 'dead', name!), path.join(world.outboxFolder, name!));

    await world.killAndStart();

    await world.receiver.until(2);
    await world.untilEmpty();
  });
});

describe('when the outbox cannot be written', () => {
  test('the callback is sent from memory, and the log says so', async () => {
    const world = await openWorld();
    await writeFile(world.outboxFolder, 'a file where the folder should be');

    await world.run();

    await world.receiver.until(1);
    expect(world.log[0]).toMatch(/^error .*cannot be written/);
    await world.untilLogged('delivered');
  });

  test('16 callbacks wait in memory, the 17th is lost, and the log says so', async () => {
    const world = await openWorld();
    world.receiver.defaultAnswer = 503;
    await writeFile(world.outboxFolder, 'a file where the folder should be');

    for (let task = 1; task <= 17; task++) await world.run({ sessionKey: `agent:main:task:${task}` });

    const lost = world.log.filter((line) => line.includes('is lost'));
    expect(lost).toHaveLength(1);
    expect(lost[0]).toContain('16 unwritten callbacks already wait in memory');
  });
});

test('dead/ keeps the newest 1,000 callbacks', async () => {
  const world = await openWorld();
  const dead = path.join(world.outboxFolder, 'dead');
  await mkdir(dead, { recursive: true });
  const old = Array.from(
    { length: 1000 },
    (_, n) => `1600000000${String(n).padStart(3, '0')}-msg_${crypto.randomUUID()}-0123456789abcdef.json`,
  );
  for (const name of old) await writeFile(path.join(dead, name), '{}');
  world.receiver.answers = [410];

  await world.run();
  await world.untilLogged('given up');

  await until('1,000 files, without the oldest', async () => !(await world.dead()).includes(old[0]!));
  expect(await world.dead()).toHaveLength(1000);
});

describe('when the gateway stops', () => {
  test('a callback that is being posted is completed first', async () => {
    const world = await openWorld();
    world.receiver.answers = ['hold'];
    await world.run();
    await world.receiver.until(1);

    const stopped = world.stop();
    world.receiver.release();
    await stopped;

    expect(world.log.at(-1)).toContain('delivered');
    expect(await world.outbox()).toEqual([]);
  });

  test('it waits 4 s at most, and undelivered callbacks are sent after the next start', async () => {
    const world = await openWorld();
    world.receiver.answers = ['hold'];
    await world.run();
    await world.receiver.until(1);

    const stopped = world.stop();
    const waitedMs = await world.advanceToNextTimer();
    await stopped;
    const left = await world.outbox();
    await world.start();

    await world.receiver.until(2);
    await world.untilEmpty();
    expect(waitedMs).toBe(4000);
    expect(left).toHaveLength(1);
  });

  test('no attempt is scheduled any more, and a run that ends later is still stored', async () => {
    const world = await openWorld();
    world.receiver.defaultAnswer = 503;
    await world.run();
    await world.untilLogged('not delivered');

    await world.stop();
    const nextAttemptMs = world.clock.nextInMs();
    await world.run({ sessionKey: 'agent:main:task:late' });

    expect(nextAttemptMs).toBeUndefined();
    expect(await world.outbox()).toHaveLength(2);
  });
});

test('the gateway starts when the outbox cannot be read', async () => {
  const world = await openWorld();
  await writeFile(world.outboxFolder, 'a file where the folder should be');
  await chmod(world.outboxFolder, 0o000);

  await world.start();

  expect(world.log.at(-1)).toMatch(/^error .*cannot be read/);
});
