import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readHeads } from '../../../platform/event-log/event-log.ts';
import { aPerson } from '../../../platform/testing/actors.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { TaskRemoved } from '../../../schema/events/tasks.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('the life of a run', () => {
  test('goes through every state once and ends with the answer and its cost', async () => {
    const { id } = await world.start({ instruction: '[[say=Here are the notes]]' });

    const run = await world.runIn(id, 'SUCCEEDED');

    expect(run).toMatchObject({
      answer: 'Here are the notes',
      slot: null,
      attempt: 1,
      isAnswerTruncated: false,
    });
    expect(run.usage?.inputTokens).toBeGreaterThan(0);
    expect(await world.states(run)).toEqual(['QUEUED', 'DISPATCHING', 'RUNNING', 'SUCCEEDED']);
  });

  test('keeps an answer of 20,000 characters whole', async () => {
    const { id } = await world.start({ instruction: '[[long=20000]]' });

    const run = await world.runIn(id, 'SUCCEEDED');

    expect(run.answer).toHaveLength(20_000);
  });

  test('succeeds with an empty answer when the agent says nothing', async () => {
    const { id } = await world.start({ instruction: '[[empty]]' });

    expect(await world.runIn(id, 'SUCCEEDED')).toMatchObject({ answer: '' });
  });

  test('fails with the reason when the model fails', async () => {
    const { id } = await world.start({ instruction: '[[fail=400]]' });

    const run = await world.runIn(id, 'FAILED');

    expect(run).toMatchObject({ failureCode: 'AGENT_ERROR', slot: null });
    expect(run.failureMessage).not.toBe('');
  });

  test('begins with a prompt that has the task and the instruction, and no secret', async () => {
    const agent = await world.agent({ systemPrompt: 'You write plainly.' });
    const taskId = await world.task({ title: 'Explain rollback', description: 'In one page' });

    const { id } = await world.start({ agentId: agent.id, taskId, instruction: 'Be short' });

    const { requestBody, sessionKey } = await world.runIn(id, 'SUCCEEDED');
    const body = JSON.parse(requestBody ?? '{}');
    expect(body).toMatchObject({
      agentId: agent.slug,
      sessionKey,
      sessionMode: 'persistent',
      deliver: false,
    });
    for (const part of ['You write plainly.', 'Explain rollback', 'In one page', 'Be short']) {
      expect(body.message).toContain(part);
    }
    const secrets = [world.config.OPENCLAW_TOKEN, world.config.OPENCLAW_GATEWAY_TOKEN];
    for (const secret of secrets) expect(requestBody).not.toContain(secret);
  });

  test('goes on when the description is too long for OpenClaw: it is cut, with a mark', async () => {
    const taskId = await world.task({ description: '\u0001'.repeat(60_000) });

    const { id } = await world.start({ taskId });

    const { requestBody } = await world.runIn(id, 'SUCCEEDED');
    expect(Buffer.byteLength(requestBody ?? '')).toBeLessThanOrEqual(256 * 1024);
    expect(requestBody).toContain('Cut here');
  });

  test('leaves no gap in the numbers of the stream', async () => {
    const projectId = await world.project();
    const taskId = await world.task({ projectId });
    const run = await world.start({ taskId });
    await world.runIn(run.id, 'SUCCEEDED');

    const [head] = await readHeads(world.em(), [projectStream(projectId)]);
    const [{ count }]: [{ count: number }] = await world
      .em()
      .execute('select count(*)::int as count from log.event where stream = ?', [projectStream(projectId)]);
    expect(count).toBe(head?.seq);
  });
});

describe('starting a run', () => {
  test('finds a task that was created a moment ago', async () => {
    for (let i = 0; i < 10; i++) await expect(world.start()).resolves.toMatchObject({ state: 'QUEUED' });
  });

  test('is TASK_BUSY while the task has another run that has not ended', async () => {
    const taskId = await world.task();
    const first = await world.start({ taskId, instruction: '[[delay=300]]' });

    await expect(world.start({ taskId })).rejects.toMatchObject({ code: 'TASK_BUSY' });

    await world.runIn(first.id, 'SUCCEEDED');
    await expect(world.start({ taskId })).resolves.toMatchObject({ state: 'QUEUED' });
  });

  test('is AGENT_DISABLED for an agent that is switched off', async () => {
    const agent = await world.agent({ isEnabled: false });

    await expect(world.start({ agentId: agent.id })).rejects.toMatchObject({ code: 'AGENT_DISABLED' });
  });

  test('a second time with the same idempotency key returns the first run', async () => {
    const request = { agentId: (await world.agent({ maxConcurrent: 5 })).id, taskId: await world.task() };

    const runs = await Promise.all([1, 2, 3].map(() => world.start({ ...request, idempotencyKey: 'click' })));

    expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
  });

  test('is FORBIDDEN for a viewer, and NOT_FOUND for a stranger as if the task did not exist', async () => {
    const taskId = await world.task({ projectId: await world.project('VIEWER') });
    await expect(world.start({ taskId })).rejects.toMatchObject({ code: 'FORBIDDEN' });

    const agentId = (await world.agent()).id;
    await expect(world.start({ taskId, agentId }, aPerson('Eve'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `Task ${taskId} does not exist`,
    });
  });

  test('is INVALID_TRANSITION for a task that was archived, as in the tasks subgraph', async () => {
    const projectId = await world.project();
    const taskId = await world.task({ projectId });
    await world.ctx().transact(async (tx) => {
      const payload = { taskId, projectId };
      tx.publish(TaskRemoved, { stream: projectStream(projectId), subject: taskId, payload });
    });
    await world.subgraph.catchUp();

    await expect(world.start({ taskId })).rejects.toMatchObject({ code: 'INVALID_TRANSITION' });
  });

  test('twice at the same time on one task gives one run', async () => {
    const taskId = await world.task();
    await world.subgraph.catchUp();
    const agents = await Promise.all(Array.from({ length: 5 }, () => world.agent()));

    const starts = await Promise.allSettled(
      agents.map(({ id: agentId }) => world.start({ agentId, taskId, instruction: '[[hang]]' })),
    );

    const refused = starts.flatMap((start) => (start.status === 'rejected' ? [start.reason.code] : []));
    expect(refused).toEqual(Array.from({ length: 4 }, () => 'TASK_BUSY'));
  });
});
