import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setGrant } from '../../../platform/identity/grants.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { maySeeAgent } from '../access.ts';
import { archiveAgent } from '../operations/agent/archive-agent.ts';
import { updateAgent } from '../operations/agent/update-agent.ts';
import { wakeAgent } from '../operations/agent/wake-agent.ts';
import { startRun } from '../operations/run/start-run.ts';
import { Query } from '../resolvers/query.ts';
import { agentStatus, sumUsage } from '../resolvers/run-views.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: '50' });
  world.simulator.set({ callbacks: 'never' });
});
afterAll(() => world.close());

const stranger = () => world.as({ id: randomUUID(), displayName: 'Eve', avatarUrl: null });
const update = (input: Record<string, unknown>, ctx = world.ctx()) =>
  updateAgent(ctx, input, { targets: world.targets.names });

describe('an agent', () => {
  test('is changed by its owner only, and not against an older version', async () => {
    const { id, version } = await world.agent();
    await update({ id, name: 'Second', expectedVersion: version });

    await expect(update({ id, name: 'Third', expectedVersion: version })).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
      current: { agent: { name: 'Second' } },
    });
    await expect(update({ id, name: 'Mine' }, stranger())).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('of the slug of another is DUPLICATE', async () => {
    const { slug } = await world.agent();

    await expect(world.agent({ slug })).rejects.toMatchObject({
      code: 'DUPLICATE',
      field: ['input', 'slug'],
    });
  });

  test('in an OpenClaw that is not in the settings is INVALID', async () => {
    await expect(world.agent({ openClaw: 'elsewhere' })).rejects.toMatchObject({
      code: 'INVALID',
      field: ['input', 'openClaw'],
    });
  });

  test('for some projects is seen by their members, works there, and nowhere else', async () => {
    const [theirs, other] = [await world.project(), await world.project()];
    const agent = await world.agent({ projectIds: [theirs] });

    expect(await maySeeAgent(stranger(), agent)).toBe(false);
    await expect(
      world.start({ agentId: agent.id, taskId: await world.task({ projectId: other }) }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(
      world.start({ agentId: agent.id, taskId: await world.task({ projectId: theirs }) }),
    ).resolves.toMatchObject({ state: 'QUEUED' });
  });

  test('that is invisible is NOT_FOUND in every mutation: looking at rights in a transaction locked the database for good', async () => {
    const agent = await world.agent({ projectIds: [await world.project()] });
    const eve = stranger();
    const own = randomUUID();
    await setGrant(world.em(), projectStream(own), eve.viewer.id, 'OWNER');
    const taskId = await world.task({ projectId: own });
    const start = { agentId: agent.id, taskId, instruction: 'Go', whenBusy: 'QUEUE' };
    const attempts = [
      () => archiveAgent(eve, { id: agent.id }),
      () => update({ id: agent.id, name: 'Mine' }, eve),
      () => startRun(eve, { ...start, priority: 'NORMAL', ignoreBlockers: false }, { timeoutSeconds: 60 }),
      () => wakeAgent(eve, { agentId: agent.id, text: 'Hello', mode: 'NOW' }, world.targets),
    ];

    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('that is taken out of use cancels what waits, and starts nothing more', async () => {
    const agent = await world.agent();
    const held = await world.start({ agentId: agent.id });
    const { sessionKey } = await world.runIn(held.id, 'RUNNING');
    const waiting = await world.start({ agentId: agent.id, whenBusy: 'QUEUE' });

    await archiveAgent(world.ctx(), { id: agent.id });

    expect((await world.run(waiting.id)).state).toBe('CANCELED');
    expect((await world.run(held.id)).state).toBe('RUNNING');
    await expect(world.start({ agentId: agent.id })).rejects.toMatchObject({ code: 'AGENT_DISABLED' });
    await world.callback({ sessionKey });
    expect((await world.run(held.id)).state).toBe('SUCCEEDED');
  });

  test('is listed by tag, project and state, and not when it is out of use', async () => {
    const projectId = await world.project();
    const tag = randomUUID().slice(0, 8);
    const own = await world.agent({ tags: [tag], projectIds: [projectId] });
    const off = await world.agent({ tags: [tag], isEnabled: false });
    const gone = await world.agent({ tags: [tag] });
    await archiveAgent(world.ctx(), { id: gone.id });
    const list = async (filter: Record<string, unknown>, ctx = world.ctx()) => {
      const page = await (Query.agents as CallableFunction)(null, { filter: { tag, ...filter } }, ctx);
      return (page.nodes as { id: string }[]).map(({ id }) => id).sort();
    };

    expect(await list({})).toEqual([own.id, off.id].sort());
    expect(await list({ isEnabled: false })).toEqual([off.id]);
    expect(await list({ projectId: randomUUID() })).toEqual([off.id]);
    expect(await list({ includeArchived: true })).toHaveLength(3);
    expect(await list({}, stranger())).toEqual([off.id]);
  });
});

describe('the status of an agent', () => {
  const agent = { isEnabled: true, maxConcurrent: 2 } as Parameters<typeof agentStatus>[0];
  const target = { isReachable: true } as Parameters<typeof agentStatus>[2];

  test.each([
    ['IDLE', { held: 0, queued: 0 }],
    ['WORKING', { held: 1, queued: 0 }],
    ['BUSY', { held: 1, queued: 1 }],
  ])('is %s with %j of two slots', (status, workload) => {
    expect(agentStatus(agent, workload, target)).toBe(status);
  });

  test('is DISABLED when it is switched off, UNREACHABLE while its OpenClaw is', () => {
    const idle = { held: 0, queued: 0 };
    expect(agentStatus({ ...agent, isEnabled: false }, idle, target)).toBe('DISABLED');
    expect(agentStatus(agent, idle, { ...target, isReachable: false } as typeof target)).toBe('UNREACHABLE');
  });
});

describe('the cost of a run', () => {
  const usage = (values: object) => ({
    usage: { model: 'a/b', inputTokens: null, outputTokens: null, costMicros: null, ...values },
  });

  test('is unknown when nothing was reported, never 0', () => {
    expect(sumUsage([{ usage: null }])).toEqual({
      inputTokens: null,
      outputTokens: null,
      costMicros: null,
      costStatus: 'NOT_REPORTED',
      byModel: [],
    });
  });

  test('adds up over attempts and models', () => {
    const attempts = [
      usage({ inputTokens: 10, costMicros: 5 }),
      usage({ inputTokens: 1, outputTokens: 2 }),
      usage({ model: 'c/d', outputTokens: 3 }),
    ];
    expect(sumUsage(attempts)).toMatchObject({
      inputTokens: 11,
      outputTokens: 5,
      costMicros: 5,
      costStatus: 'REPORTED',
      byModel: [
        { model: 'a/b', inputTokens: 11, outputTokens: 2 },
        { model: 'c/d', inputTokens: null, outputTokens: 3 },
      ],
    });
  });

  test('without a price is UNPRICED', () => {
    expect(sumUsage([usage({ inputTokens: 1 })])).toMatchObject({ costMicros: null, costStatus: 'UNPRICED' });
  });
});

describe('OpenClaw beside the agents here', () => {
  test('agentsSync says what it offers and which agents are missing there', async () => {
    const missing = await world.agent({ slug: `nowhere-${randomUUID().slice(0, 8)}` });

    const [found] = await (Query.agentsSync as CallableFunction)(null, {}, world.ctx());

    expect(found).toMatchObject({ name: 'default', isReachable: true, problem: null });
    expect(found.offeredSlugs).toEqual(expect.arrayContaining(['main', 'researcher']));
    expect(found.missing.map(({ id }: { id: string }) => id)).toContain(missing.id);
  });

  test('waking an agent is for its owner', async () => {
    const agent = await world.agent({ slug: `woken-${randomUUID().slice(0, 8)}` });
    const input = { agentId: agent.id, text: 'Good morning', mode: 'NOW' };

    await expect(wakeAgent(world.ctx(), input, world.targets)).resolves.toBeUndefined();
    await expect(wakeAgent(stranger(), input, world.targets)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(wakeAgent(stranger(), { ...input, agentId: null }, world.targets)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});
