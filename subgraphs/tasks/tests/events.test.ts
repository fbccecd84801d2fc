import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { removeGrant } from '../../../platform/identity/grants.ts';
import { aPerson } from '../../../platform/testing/actors.ts';
import { projectScope } from '../../../schema/scopes.ts';
import { addComment } from '../operations/comment/add-comment.ts';
import { archiveTask } from '../operations/task/archive-task.ts';
import { updateTask } from '../operations/task/update-task.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const FOLLOW = `subscription ($projectId: ID!, $after: EventCursor) {
  boardEvents(projectId: $projectId, after: $after) { __typename cursor
    ... on TaskChanged { task { title } changedFields } ... on TaskRemoved { taskId }
    ... on CommentAdded { task { title } comment { body } } } }`;

test('a subscription yields the changes of a board in their order, and continues after a cursor without a gap', async () => {
  const projectId = await world.project();
  const live = await world.follow(world.member, FOLLOW, { projectId });
  const { boardEvents: start } = await live.next();
  await live.end();

  const { id } = await world.task({ projectId });
  await updateTask(world.ctx(), { id, title: 'Second' });
  await addComment(world.ctx(), { taskId: id, body: 'Hello' });
  await archiveTask(world.ctx(), { id });
  const resumed = await world.follow(world.member, FOLLOW, { projectId, after: start.cursor });
  const events = [];
  for (let i = 0; i < 5; i++) events.push((await resumed.next()).boardEvents);
  await resumed.end();

  expect(start.__typename).toBe('StreamCaughtUp');
  expect(events).toMatchObject([
    { __typename: 'TaskChanged', task: { title: 'Second' } },
    { __typename: 'TaskChanged', task: { title: 'Second' }, changedFields: ['title'] },
    { __typename: 'CommentAdded', task: { title: 'Second' }, comment: { body: 'Hello' } },
    { __typename: 'TaskRemoved', taskId: id },
    { __typename: 'StreamCaughtUp' },
  ]);
});

test('a stranger cannot subscribe to a board', async () => {
  const projectId = await world.project();

  await expect(world.follow(aPerson('Eve'), FOLLOW, { projectId })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('an event from before the removal of a person does not show that person what was written after it', async () => {
  const projectId = await world.project();
  const { id } = await world.task({ projectId });
  const bob = await world.joined(projectId, 'MEMBER');
  const live = await world.follow(bob, FOLLOW, { projectId });
  await live.next();
  await updateTask(world.ctx(), { id, title: 'Second' });

  await removeGrant(world.em(), projectScope(projectId), bob.id);
  await updateTask(world.ctx(), { id, title: 'Secret' });

  const { boardEvents } = await live.next();
  expect(boardEvents).toMatchObject({ __typename: 'TaskChanged', task: null });
  await live.end();
});
