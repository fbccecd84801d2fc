import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../platform/testing/wait.ts';
import { BOARD, begin, follow, openWorld, WITH_PROJECT, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld({ SUBGRAPH_TIMEOUT_SECONDS: 1, SUBSCRIPTION_RESUME_SECONDS: 3 });
});
afterEach(() => world.close());

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `t${index + 1}`);
const UNAVAILABLE = {
  message: 'The tasks subgraph cannot be reached. Try again later.',
  extensions: { code: 'UNAVAILABLE', serviceName: 'tasks' },
};

describe('a stream whose subgraph is lost', () => {
  test('resumes after the last event, and the client sees no interruption', async () => {
    const following = await follow(world.connect(), WITH_PROJECT);
    world.board.change('t1');
    await until('it follows', () => following.tasks().length === 1);

    await world.restartTasks(() => {
      world.board.change('t2');
      world.board.change('t3');
    });
    await until('it has what happened meanwhile', () => following.tasks().length === 3);
    world.board.change('t4');
    await until('it is live', () => following.tasks().length === 4);

    expect(following.tasks()).toEqual(numbered(4));
    expect(following.results.map(({ data }) => data.boardEvents.kind)).toEqual([
      'StreamCaughtUp',
      ...numbered(4).map(() => 'TaskChanged'),
    ]);
    expect(following.state.isComplete).toBe(false);
  });

  test('loses and repeats no event, however often the connection breaks', async () => {
    const following = await follow(world.connect(), BOARD);
    const others = await follow(world.connect(), BOARD, { after: 'cursor-0' });
    for (const [index, id] of numbered(300).entries()) {
      world.board.change(id);
      if (index % 20 !== 10) continue;
      // At another moment each time: before, during and after the delivery of the newest event.
      await until('some have arrived', () => following.tasks().length >= index - (index % 7));
      world.tasks.loseConnections();
    }
    await until('all have arrived', () => following.tasks().length >= 300 && others.tasks().length >= 300);
    expect(following.tasks()).toEqual(numbered(300));
    expect(others.tasks()).toEqual(numbered(300));
  });

  test('tells its position to a subscriber that joins while the subgraph is down, and loses no event', async () => {
    const first = await follow(world.connect(), BOARD);
    world.board.change('t1');
    await until('it follows', () => first.tasks().length === 1);
    await world.tasks.kill();
    const second = await follow(world.connect(), BOARD);
    await world.restartTasks(() => world.board.change('t2'));
    await until('both have it', () => first.tasks().length === 2 && second.tasks().length === 1);
    expect(second.results[0].data.boardEvents).toEqual({ kind: 'StreamCaughtUp', cursor: 'cursor-1' });
    expect(second.tasks()).toEqual(['t2']);
  });

  test('begins a moment later when the subgraph has too much work', async () => {
    const crowded = await follow(world.connect(), BOARD.replace('"p1"', '"crowded"'));
    world.board.change('t1');
    await until('it follows', () => crowded.tasks().length === 1);
  });

  test('ends with UNAVAILABLE when the subgraph stays away', async () => {
    const following = await follow(world.connect(), BOARD);
    await world.tasks.kill();
    await until('it has ended', () => following.state.isComplete);
    expect(following.results.at(-1)).toEqual({ errors: [UNAVAILABLE] });
  });

  test('ends with UNAVAILABLE when the subgraph was down at the start', async () => {
    await world.tasks.kill();
    const following = begin(world.connect(), BOARD);
    await until('it has ended', () => following.state.isComplete);
    expect(following.results).toEqual([{ errors: [UNAVAILABLE] }]);
  });
});

describe('a gateway that is closed', () => {
  test('tells clients to reconnect, and leaves the streams of its subgraphs', async () => {
    const closed: number[] = [];
    const client = world.connect({ on: { closed: (event) => closed.push((event as CloseEvent).code) } });
    await follow(client, BOARD);
    await world.gateway.close();
    await until('nobody follows', () => world.board.followers() === 0);
    expect(closed).toEqual([1012]);
  });
});
