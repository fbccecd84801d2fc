import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { closeWorlds, openWorld, SECRET } from './world.ts';

afterEach(closeWorlds);

const manifest = JSON.parse(await readFile(new URL('../openclaw.plugin.json', import.meta.url), 'utf8'));
const { properties } = manifest.configSchema;

const goodUrls = [
  'http://127.0.0.1:8000/agents/callback',
  'https://board.example.com/agents/callback',
  'http://[::1]:8000',
];
const badUrls = ['ftp://board/agents', 'board.example.com', 'http://', 'http://me:word@board/agents', ''];
const badSecrets = [
  '',
  'a-plain-token',
  `whsec_${Buffer.alloc(23).toString('base64')}`,
  SECRET.replace('whsec_', ''),
  `${SECRET}-`,
];

describe('invalid settings', () => {
  test.each([
    ...badUrls.map((url) => [{ url }, 'url must']),
    ...badSecrets.map((secret) => [
      { secret },
      'secret must be whsec_ followed by base64 of at least 24 bytes',
    ]),
    [{ sessionKeyPrefixes: [] }, 'sessionKeyPrefixes must'],
    [{ sessionKeyPrefixes: ['task:', ''] }, 'sessionKeyPrefixes must'],
    [{ sessionKeyPrefixes: 'task:' }, 'sessionKeyPrefixes must'],
    [{ outboxFolder: ' ' }, 'outboxFolder must'],
    [{ timeoutSeconds: 0 }, 'timeoutSeconds must'],
    [{ timeoutSeconds: 61 }, 'timeoutSeconds must'],
    [{ timeoutSeconds: '10' }, 'timeoutSeconds must'],
  ] as [Record<string, unknown>, string][])(
    '%j register no handler and log the reason',
    async (config, problem) => {
      const world = await openWorld(config);

      expect(world.log[0]).toMatch(/^error team-board-callback: no callback will be sent: /);
      expect(world.log[0]).toContain(problem);
      expect(world.gateway.hooks.hooks.size).toBe(0);
      expect(world.gateway.events.subscriptions).toEqual([]);
    },
  );

  test('are logged all at once, without the secret', async () => {
    const world = await openWorld({ url: 'x', secret: 'my-secret-word', timeoutSeconds: -1 });

    expect(world.log[0]).toMatch(/url must.*; secret must.*; timeoutSeconds must/);
    expect(world.log.join()).not.toContain('my-secret-word');
  });
});

describe('the manifest', () => {
  test('has the plugin’s id and loads it at the start of the gateway', () => {
    expect(manifest).toMatchObject({ id: 'team-board-callback', activation: { onStartup: true } });
  });

  test('refuses the values that the plugin refuses', () => {
    const [url, secret] = [properties.url, properties.secret].map(({ pattern }) => new RegExp(pattern));

    expect(badUrls.filter((text) => url!.test(text))).toEqual([]);
    expect(badSecrets.filter((text) => secret!.test(text))).toEqual([]);
    expect(goodUrls.filter((text) => !url!.test(text))).toEqual([]);
    expect(secret!.test(SECRET)).toBe(true);
  });

  test.each(goodUrls)('and the plugin accept %s', async (url) => {
    const world = await openWorld({ url });

    expect(world.log).toEqual([]);
  });

  test('states the plugin’s defaults', () => {
    expect(properties.sessionKeyPrefixes.default).toEqual(['task:', 'chat:']);
    expect(properties.timeoutSeconds.default).toBe(10);
  });
});

test('only sessions with a prefix of sessionKeyPrefixes are reported', async () => {
  const world = await openWorld({ sessionKeyPrefixes: ['Board:'] });

  await world.run({ sessionKey: 'agent:main:task:1' });
  await world.run({ sessionKey: 'agent:main:board:1' });

  await world.untilEmpty();
  expect(world.receiver.posts.map(({ body }) => body.sessionKey)).toEqual(['agent:main:board:1']);
});

test('registering neither writes nor sends, because OpenClaw also registers plugins to inspect them', async () => {
  const world = await openWorld();

  expect(await readFile(world.outboxFolder).catch(({ code }) => code)).toBe('ENOENT');
  expect(world.clock.nextInMs()).toBeUndefined();
});

test('no log line contains the secret or the answer of the agent', async () => {
  const world = await openWorld();
  world.receiver.answers = [503, 401];

  await world.run();
  await world.advanceToNextTimer();
  await world.receiver.until(2);
  await world.advanceToNextTimer();
  await world.untilLogged(': HTTP 200');

  const log = world.log.join('\n');
  expect(log).not.toContain(SECRET.slice(6));
  expect(log).not.toContain('final text');
});
