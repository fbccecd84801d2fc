import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../platform/testing/wait.ts';
import { BOARD, follow, openWorld, WITH_PROJECT, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

describe('subscribers of the same document and actor', () => {
  test('share one stream of the subgraph and one fetch for each event', async () => {
    const [one, other] = [
      await follow(world.connect(), WITH_PROJECT),
      await follow(world.connect(), WITH_PROJECT),
    ];
    world.board.change('t1');
    world.board.change('t2');
    await until('both got both', () => one.tasks().length === 2 && other.tasks().length === 2);

    expect(other.results.slice(1)).toEqual(one.results.slice(1));
    expect(world.board.followers()).toBe(1);
    expect(world.projects.questions).toHaveLength(2);
  });

  test('get the position of the stream when they join later, then all new events', async () => {
    const first = await follow(world.connect(), WITH_PROJECT);
    world.board.change('t1');
    await until('the first has it', () => first.tasks().length === 1);

    const second = await follow(world.connect(), WITH_PROJECT);
    world.board.change('t2');
    await until('the second has the next', () => second.tasks().length === 1);

    expect(second.results[0].data.boardEvents).toEqual({ kind: 'StreamCaughtUp', cursor: 'cursor-1' });
    expect(second.tasks()).toEqual(['t2']);
    expect(first.tasks()).toEqual(['t1', 't2']);
    expect(world.board.followers()).toBe(1);
  });

  test('do not depend on each other: the second goes on after the first has left', async () => {
    const first = await follow(world.connect(), BOARD);
    const second = await follow(world.connect(), BOARD);
    first.leave();
    await until('it has left', () => first.state.isComplete);
    world.board.change('t1');
    await until('the second has it', () => second.tasks().length === 1);
    expect(first.tasks()).toEqual([]);
  });

  test('leave the stream of the subgraph at once when the last of them leaves', async () => {
    const [first, second] = [await follow(world.connect(), BOARD), await follow(world.connect(), BOARD)];
    first.leave();
    second.leave();
    await until('nobody follows', () => world.board.followers() === 0);
  });

  test('leave the stream of the subgraph at once when their connection is lost', async () => {
    const client = world.connect();
    await follow(client, BOARD);
    client.terminate();
    await until('nobody follows', () => world.board.followers() === 0);
  });
});

describe('other subscribers', () => {
  test('of another document share the stream, and each gets its own fields', async () => {
    const names = await follow(world.connect(), WITH_PROJECT.replace('name description', 'name'));
    const descriptions = await follow(
      world.connect(),
      WITH_PROJECT.replace('name description', 'description'),
    );
    world.board.change('t1');
    await until('both got it', () => names.tasks().length === 1 && descriptions.tasks().length === 1);

    expect(names.results[1].data.boardEvents.task.project).toEqual({ name: 'Project p1' });
    expect(descriptions.results[1].data.boardEvents.task.project).toEqual({ description: 'Developer' });
    expect(world.board.followers()).toBe(1);
  });

  test('of another text with the same plan share the fetches too', async () => {
    const one = await follow(world.connect(), WITH_PROJECT);
    const other = await follow(world.connect(), `${WITH_PROJECT} # the same to a planner`);
    world.board.change('t1');
    await until('both got it', () => one.tasks().length === 1 && other.tasks().length === 1);
    expect(world.projects.questions).toHaveLength(1);
  });

  test('of another actor share nothing', async () => {
    const as = (name: string) =>
      follow(world.connect({ connectionParams: { authorization: `Development ${name}` } }), WITH_PROJECT);
    const people = [await as('Ada'), await as('Bob')];
    world.board.change('t1');
    await until('both got it', () => people.every(({ tasks }) => tasks().length === 1));

    expect(people.map(({ results }) => results[1].data.boardEvents.task.project.description)).toEqual([
      'Ada',
      'Bob',
    ]);
    expect(world.projects.questions.map(({ actor }) => actor.displayName).sort()).toEqual(['Ada', 'Bob']);
    expect(world.board.followers()).toBe(2);
  });

  test('with a cursor get a replay of their own, and share the live stream as soon as they have caught up', async () => {
    const live = await follow(world.connect(), BOARD);
    const cursor = world.board.change('t1');
    world.board.change('t2');
    const late = await follow(world.connect(), BOARD, { after: cursor });
    world.board.change('t3');
    await until('both are live', () => late.tasks().length === 2 && live.tasks().length === 3);

    expect(late.results.map(({ data }) => data.boardEvents.kind)).toEqual([
      'TaskChanged',
      'StreamCaughtUp',
      'TaskChanged',
    ]);
    expect(late.tasks()).toEqual(['t2', 't3']);
    expect(world.board.followers()).toBe(1);
    world.board.change('t4');
    await until('both have it', () => late.tasks().length === 3 && live.tasks().length === 4);
    expect([late.tasks(), live.tasks()]).toEqual([
      ['t2', 't3', 't4'],
      ['t1', 't2', 't3', 't4'],
    ]);
  });

  test('with the same cursor share one replay, and one fetch for each event', async () => {
    const cursor = world.board.change('t1');
    for (const id of ['t2', 't3']) world.board.change(id);
    const client = world.connect();
    const all = await Promise.all(
      Array.from({ length: 20 }, () => follow(client, WITH_PROJECT, { after: cursor })),
    );

    for (const each of all) expect(each.tasks()).toEqual(['t2', 't3']);
    expect(world.board.followers()).toBe(1);
    expect(world.projects.questions).toHaveLength(2);
  });

  test('that came back cost as much as those that never left', async () => {
    const cursors = Array.from({ length: 10 }, (_, index) => world.board.change(`t${index}`));
    const fresh = await follow(world.connect(), WITH_PROJECT);
    const client = world.connect();
    const back = await Promise.all(cursors.map((after) => follow(client, WITH_PROJECT, { after })));
    world.board.change('first');
    await until('all have it', () => [fresh, ...back].every(({ tasks }) => tasks().at(-1) === 'first'));
    const before = world.projects.questions.length;

    for (let n = 0; n < 20; n++) world.board.change(`live${n}`);
    await until('all have them', () => [fresh, ...back].every(({ tasks }) => tasks().at(-1) === 'live19'));

    expect(world.board.followers()).toBe(1);
    expect(world.projects.questions.length - before).toBe(20);
    for (const [index, { tasks }] of back.entries()) {
      const missed = cursors.slice(index + 1).map((_cursor, place) => `t${index + 1 + place}`);
      expect(tasks()).toEqual([...missed, 'first', ...fresh.tasks().slice(1)]);
    }
  });
});
