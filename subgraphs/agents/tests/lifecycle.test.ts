import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readHeads } from '../../../platform/event-log/event-log.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('the life of a run', () => {
  test('goes through every state once and ends with the answer and what it cost', async () => {
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

  test('an answer of 20,000 characters arrives whole, and the event carries as much as a comment may hold', async () => {
    const { id } = await world.start({ instruction: '[[long=20000]]' });

    const run = await world.runIn(id, 'SUCCEEDED');

    expect(run.answer).toHaveLength(20_000);
  });

  test('an agent that says nothing has succeeded with an empty answer', async () => {
    const { id } = await world.start({ instruction: '[[empty]]' });

    expect(await world.runIn(id, 'SUCCEEDED')).toMatchObject({ answer: '' });
  });

  test('a failure of the model is a failure of the run and says why', async () => {
    const { id } = await world.start({ instruction: '[[fail=400]]' });

    const run = await world.runIn(id, 'FAILED');

    expect(run).toMatchObject({ failureCode: 'AGENT_ERROR', slot: null });
    expect(run.failureMessage).not.toBe('');
  });

  test('the prompt holds the task and the instruction, and no secret', async () => {
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

  test('a description too long for OpenClaw is cut with a mark, and the run goes on', async () => {
    const taskId = await world.task({ description: '\u0001'.repeat(60_000) });

    const { id } = await world.start({ taskId });

    const { requestBody } = await world.runIn(id, 'SUCCEEDED');
    expect(Buffer.byteLength(requestBody ?? '')).toBeLessThanOrEqual(256 * 1024);
    expect(requestBody).toContain('Cut here');
  });

  test('every event of a stream has its number, without a gap', async () => {
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
  test('a task created a moment ago is found', async () => {
    for (let i = 0; i < 10; i++) await expect(world.start()).resolves.toMatchObject({ state: 'QUEUED' });
  });

  test('a second run of the same task is TASK_BUSY until the first has ended', async () => {
    const taskId = await world.task();
    const first = await world.start({ taskId, instruction: '[[delay=300]]' });

    await expect(world.start({ taskId })).rejects.toMatchObject({ code: 'TASK_BUSY' });

    await world.runIn(first.id, 'SUCCEEDED');
    await expect(world.start({ taskId })).resolves.toMatchObject({ state: 'QUEUED' });
  });

  test('an agent that is switched off is AGENT_DISABLED', async () => {
    const agent = await world.agent({ isEnabled: false });

    await expect(world.start({ agentId: agent.id })).rejects.toMatchObject({ code: 'AGENT_DISABLED' });
  });

  test('a repeat with the same idempotency key starts no second run', async () => {
    const request = { agentId: (await world.agent({ maxConcurrent: 5 })).id, taskId: await world.task() };

    const runs = await Promise.all([1, 2, 3].map(() => world.start({ ...request, idempotencyKey: 'click' })));

    expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
  });

  test('who is not a member cannot tell a task from one that does not exist, and a viewer may not start', async () => {
    const taskId = await world.task({ projectId: await world.project('VIEWER') });
    await expect(world.start({ taskId })).rejects.toMatchObject({ code: 'FORBIDDEN' });

    world.member.id = '00000000-0000-7000-8000-0000000000ee';
    await expect(world.start({ taskId })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `Task ${taskId} does not exist`,
    });
  });
});
