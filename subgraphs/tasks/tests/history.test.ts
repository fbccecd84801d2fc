import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { archiveTask } from '../operations/task/archive-task.ts';
import { updateTask } from '../operations/task/update-task.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('every change writes a line for each field, with its values before and after', async () => {
  const task = await world.task({ projectId: await world.project(), title: 'First' });
  const checklist = [
    { text: 'It is short', isDone: true },
    { text: 'It is true', isDone: false },
  ];
  await updateTask(world.ctx(), { id: task.id, title: 'Second', priority: 'HIGH', checklist });
  await updateTask(world.ctx(), { id: task.id, assigneeId: world.member.id, checklist: [] });
  await world.moveTo(task, 'DONE');
  const { archivedAt } = await archiveTask(world.ctx(), { id: task.id });

  const list = '- [x] It is short\n- [ ] It is true';
  expect(await world.history(task)).toEqual([
    ['column', null, 'To do'],
    ['title', 'First', 'Second'],
    ['checklist', null, list],
    ['priority', 'NONE', 'HIGH'],
    ['checklist', list, null],
    ['assignee', null, world.member.id],
    ['column', 'To do', 'Done'],
    ['archivedAt', null, archivedAt?.toISOString()],
  ]);
});

test('a move within a column is a line about the rank', async () => {
  const projectId = await world.project();
  const first = await world.task({ projectId });
  const second = await world.task({ projectId });

  await world.moveTo(first, 'TODO');

  const { rank } = await world.now(first);
  expect((await world.history(first)).at(-1)).toEqual(['rank', first.rank, rank]);
  expect(rank > second.rank).toBe(true);
});

test('a refused change writes no line', async () => {
  const task = await world.task({ projectId: await world.project() });

  await expect(
    updateTask(world.ctx(), { id: task.id, title: 'Second', assigneeId: 'Bob' }),
  ).rejects.toMatchObject({ code: 'INVALID' });

  expect(await world.history(task)).toHaveLength(1);
});

test('the history is shown newest first, with the actor and the run of each change', async () => {
  const task = await world.task({ projectId: await world.project() });
  const { runId, agentId } = await world.run(task, { state: 'RUNNING' });

  const query = `query ($id: ID!) { task(id: $id) { history(first: 10) { nodes {
    field from to actor { __typename id } run { id } } } } }`;
  const { data } = await world.ask(world.member, query, { id: task.id });

  const [column, delegate, creation] = data.task.history.nodes;
  const byAgent = { actor: { __typename: 'Agent', id: agentId }, run: { id: runId } };
  expect(column).toEqual({ field: 'column', from: 'To do', to: 'In progress', ...byAgent });
  expect(delegate).toEqual({ field: 'delegate', from: null, to: agentId, ...byAgent });
  expect(creation).toMatchObject({ actor: { __typename: 'User', id: world.member.id }, run: null });
});
