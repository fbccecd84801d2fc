import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openRudeSocket } from '../../platform/testing/rude-socket.ts';
import { until } from '../../platform/testing/wait.ts';
import { INIT, openPlainSocket, subscribe } from './plain-socket.ts';
import { CLIENT_ID, openProvider, type Provider } from './provider.ts';
import { openWorld, type World } from './world.ts';

let provider: Provider;
let world: World;
beforeAll(async () => {
  provider = await openProvider();
  world = await openWorld({
    SIGN_IN: 'oidc',
    AUTHENTIK_ISSUER: provider.issuer,
    AUTHENTIK_CLIENT_ID: CLIENT_ID,
    SUBSCRIPTIONS_PER_SOCKET_MAX: 3,
  });
});
afterAll(async () => {
  await world.close();
  await provider.stop();
});

const CREATE = 'mutation { projectCreate(input: { key: "TB", name: "T" }) { project { id } } }';
const askedFor = (what: string) =>
  world.projects.questions.filter(({ query }) => query.includes(what)).length;
const signedIn = async (seconds = 60) => ({
  ...INIT,
  payload: {
    authorization: `Bearer ${await provider.token({ exp: Math.floor(Date.now() / 1000) + seconds })}`,
  },
});

describe('a socket that the gateway closes', () => {
  test.each([
    ['a second initialisation', async () => [await signedIn()]],
    ['an invalid message', async () => ['nonsense']],
    ['a message of servers', async () => [{ type: 'connection_ack' }]],
    ['an operation id in use', async () => [subscribe('a'), subscribe('a')]],
  ])('carries out nothing afterwards, and is cut within two seconds: %s', async (_name, offence) => {
    const rude = await openRudeSocket(world.gateway.port);
    rude.say(await signedIn());
    await rude.hears('connection_ack');
    const before = askedFor('projectCreate');
    for (const message of await offence()) rude.say(message);
    const closedAt = Date.now();
    for (const id of ['m1', 'm2', 'm3']) rude.say(subscribe(id, CREATE));
    await rude.cut;
    expect(Date.now() - closedAt).toBeLessThan(2_000);
    expect(askedFor('projectCreate')).toBe(before);
    expect(world.board.followers()).toBe(0);
  });

  test('carries out nothing after its token has expired', async () => {
    const rude = await openRudeSocket(world.gateway.port);
    rude.say(await signedIn(1));
    await rude.hears('connection_ack');
    rude.say(subscribe('a'));
    await rude.hears('StreamCaughtUp');
    await rude.hears('The access token has expired');
    const before = askedFor('projectCreate');
    rude.say(subscribe('m', CREATE));
    await until('its stream is left', () => world.board.followers() === 0, 500);
    world.board.change('t1');
    await rude.cut;
    expect(askedFor('projectCreate')).toBe(before);
    expect(rude.heard()).not.toContain('TaskChanged');
  });

  test('is cut when it never initialises, although it keeps its connection', async () => {
    expect(await (await openRudeSocket(world.gateway.port)).cut).toBeLessThan(5_000);
  });
});

describe('the id of an operation', () => {
  async function openSignedIn() {
    const socket = openPlainSocket(world.url);
    await socket.say(await signedIn());
    await socket.hears('connection_ack');
    return socket;
  }

  test('can be used again at once after the client has completed it, twenty times', async () => {
    const socket = await openSignedIn();
    for (let round = 0; round < 20; round++) {
      await socket.say(subscribe('a'), { id: 'a', type: 'complete' });
    }
    await socket.say(subscribe('a'));
    await socket.hears('next', 'a');
    world.board.change('t-again');
    await until('the new subscription has the event', () =>
      socket.messages.some(({ payload }) => payload?.data?.boardEvents.task?.id === 't-again'),
    );
    expect(socket.messages.filter(({ type }) => type === 'complete')).toEqual([]);
    socket.end();
    await until('only one stream was followed', () => world.board.followers() === 0);
  });

  test('is never answered with the result of the operation that had it before', async () => {
    const socket = await openSignedIn();
    world.projects.hang();
    await socket.say(subscribe('a', '{ old: viewer { id } }'), { id: 'a', type: 'complete' });
    await socket.say(subscribe('a', '{ new: viewer { id } }'));
    world.projects.answer();
    expect(Object.keys((await socket.hears('next', 'a')).payload.data)).toEqual(['new']);
    await socket.hears('complete', 'a');
    expect(socket.messages).toHaveLength(3);
    socket.end();
  });

  test('can be used again as soon as the server has completed it', async () => {
    const socket = await openSignedIn();
    socket.socket.on('message', (data) => {
      const { type, id } = JSON.parse(String(data));
      if (type === 'complete' && socket.messages.length < 20)
        void socket.say(subscribe(id, '{ viewer { id } }'));
    });
    await socket.say(subscribe('a', '{ viewer { id } }'));
    await until('ten rounds', () => socket.messages.length >= 20);
    socket.end();
  });

  test('counts as at work until its query has ended, also when the client completes it', async () => {
    const socket = await openSignedIn();
    world.projects.hang();
    for (const id of ['a', 'b', 'c'])
      await socket.say(subscribe(id, '{ viewer { id } }'), { id, type: 'complete' });
    await socket.say(subscribe('d', '{ viewer { id } }'));
    expect((await socket.hears('error', 'd')).payload[0].extensions.code).toBe('LIMIT_EXCEEDED');
    world.projects.answer();
    socket.end();
  });
});
