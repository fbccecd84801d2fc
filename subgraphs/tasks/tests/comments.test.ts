import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addComment } from '../operations/comment/add-comment.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('the pages of comments show each comment once, oldest first', async () => {
  const { id: taskId } = await world.task({ projectId: await world.project() });
  const bodies = ['One', 'Two', 'Three', 'Four', 'Five'];
  for (const body of bodies) await addComment(world.ctx(), { taskId, body });

  const query = `query ($id: ID!, $after: String) { task(id: $id) { comments(first: 2, after: $after) {
    nodes { body } pageInfo { hasNextPage endCursor } } } }`;
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const { data } = await world.ask(world.member, query, { id: taskId, after });
    const { nodes, pageInfo } = data.task.comments;
    seen.push(...nodes.map(({ body }: { body: string }) => body));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after);

  expect(seen).toEqual(bodies);
});

test('a comment is published with the name of its author', async () => {
  const { id: taskId, projectId } = await world.task({ projectId: await world.project() });

  const { id: commentId } = await addComment(world.ctx(), { taskId, body: 'Hello' });

  expect((await world.published(projectId)).at(-1)).toEqual({
    type: 'tasks.comment-added.v1',
    commentId,
    taskId,
    projectId,
    authorName: 'Ada',
    body: 'Hello',
  });
});

test('a repeat with the same idempotency key writes one comment', async () => {
  const task = await world.task({ projectId: await world.project() });
  const request = { taskId: task.id, body: 'Hello', idempotencyKey: 'click' };

  await Promise.all([1, 2, 3].map(() => addComment(world.ctx(), request)));

  expect(await world.comments(task)).toHaveLength(1);
});

test.each(['  ', 'x'.repeat(20_001)])(
  'a blank body or one of more than 20,000 characters is INVALID',
  async (body) => {
    const { id: taskId } = await world.task({ projectId: await world.project() });

    await expect(addComment(world.ctx(), { taskId, body })).rejects.toMatchObject({
      code: 'INVALID',
      field: ['input', 'body'],
    });
  },
);
