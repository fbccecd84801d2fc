import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { removeGrant, setGrant } from '../../../platform/identity/grants.ts';
import { aPerson } from '../../../platform/testing/actors.ts';
import { projectScope } from '../../../schema/scopes.ts';
import { maySeeAgent } from '../access.ts';
import { Agent } from '../entities/agent.ts';
import { archiveAgent } from '../operations/agent/archive-agent.ts';
import { createAgent } from '../operations/agent/create-agent.ts';
import { updateAgent } from '../operations/agent/update-agent.ts';
import { wakeAgent } from '../operations/agent/wake-agent.ts';
import { startRun } from '../operations/run/start-run.ts';
import { agentIn, openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({ OPENCLAW_RUNS_MAX: '50' });
  world.simulator.set({ callbacks: 'never' });
});
afterAll(() => world.close());

const stranger = () => world.as(aPerson('Eve'));

describe('an agent', () => {
  test('has the defaults of the API', async () => {
    const agent = await createAgent(world.as(world.admin), { name: 'Writer', slug: randomUUID() });

    expect(agent).toMatchObject({
      ...{ model: 'claude-opus-4-5', maxConcurrent: 1, isEnabled: true, tags: [], target: 'default' },
      ...{ systemPrompt: null, avatarUrl: null, projectIds: null, version: 1, ownerId: world.admin.id },
    });
  });

  test('is changed only by its owner, and not against an older version', async () => {
    const { id, version } = await world.agent();
    await updateAgent(world.ctx(), { id, name: 'Second', expectedVersion: version });

    const outdated = updateAgent(world.ctx(), { id, name: 'Third', expectedVersion: version });

    await expect(outdated).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
      current: { agent: { name: 'Second' } },
    });
    await expect(updateAgent(stranger(), { id, name: 'Mine' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('is DUPLICATE with the slug of another', async () => {
    const { slug } = await world.agent();

    await expect(world.agent({ slug })).rejects.toMatchObject({
      code: 'DUPLICATE',
      field: ['input', 'slug'],
    });
  });

  test('is INVALID in a target that is not in the settings', async () => {
    await expect(world.agent({ openClaw: 'elsewhere' })).rejects.toMatchObject({
      code: 'INVALID',
      field: ['input', 'openClaw'],
    });
  });

  test('that is restricted to a project is seen by its members and works only there', async () => {
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

  test('that is invisible is NOT_FOUND in every mutation', async () => {
    const agent = await world.agent({ projectIds: [await world.project()] });
    const eve = stranger();
    const own = randomUUID();
    await setGrant(world.em(), projectScope(own), eve.viewer.id, 'OWNER');
    const taskId = await world.task({ projectId: own });
    // Each reads rights in a transaction. Over another connection that would wait forever in the embedded database.
    const calls = [
      () => archiveAgent(eve, { id: agent.id }),
      () => updateAgent(eve, { id: agent.id, name: 'Mine' }),
      () => startRun(eve, { agentId: agent.id, taskId, instruction: 'Go' }),
      () => wakeAgent(eve, { agentId: agent.id, text: 'Hello' }),
    ];

    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'NOT_FOUND' });
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
    const list = async (filter: Record<string, unknown>, actor?: ReturnType<typeof aPerson>) => {
      const document = 'query ($filter: AgentFilter) { agents(filter: $filter) { nodes { id } } }';
      const { data } = await world.ask(document, { filter: { tag, ...filter } }, actor);
      return data.agents.nodes.map(({ id }: { id: string }) => id).sort();
    };

    expect(await list({})).toEqual([own.id, off.id].sort());
    expect(await list({ isEnabled: false })).toEqual([off.id]);
    expect(await list({ projectId: randomUUID() })).toEqual([off.id]);
    expect(await list({ includeArchived: true })).toHaveLength(3);
    expect(await list({}, aPerson('Eve'))).toEqual([off.id]);
  });
});

describe('a change of an agent', () => {
  /** An agent that has worked in a project, so that the project hears of it. */
  async function agentAtWork() {
    const projectId = await world.project();
    const agent = await world.agent({ tags: ['fast'] });
    const { id } = await world.start({ agentId: agent.id, taskId: await world.task({ projectId }) });
    await world.runIn(id, 'RUNNING');
    return { id: agent.id, slug: agent.slug, events: () => world.agentEvents(projectId, agent.id) };
  }

  test('is published with the name, slug and picture of the agent, and whether it is in use', async () => {
    const { id, slug, events } = await agentAtWork();
    const avatarUrl = 'https://example.com/writer.png';

    await updateAgent(world.ctx(), { id, name: 'Author', avatarUrl, isEnabled: false });
    const ofChange = (await events()).at(-1);
    await archiveAgent(world.ctx(), { id });

    const agent = { agentId: id, slug, name: 'Author', avatarUrl, isEnabled: false };
    expect(ofChange).toEqual({ ...agent, isArchived: false });
    expect((await events()).at(-1)).toEqual({ ...agent, isArchived: true });
  });

  test('is told to the projects that it may work in, from its creation on, and to one from which it is withdrawn', async () => {
    const [here, there] = [await world.project(), await world.project()];
    const { id } = await world.agent({ projectIds: [here] });
    expect(await world.agentEvents(here, id)).toMatchObject([{ name: 'Writer' }]);

    await updateAgent(world.ctx(), { id, name: 'Author' });
    await updateAgent(world.ctx(), { id, projectIds: [there] });

    expect(await world.agentEvents(here, id)).toMatchObject([{ name: 'Writer' }, { name: 'Author' }, {}]);
    expect(await world.agentEvents(there, id)).toHaveLength(1);
  });

  test('of how much it has to do is told once for each change, not for every step of a run', async () => {
    const projectId = await world.project();
    const agent = await world.agent();
    const { id } = await world.start({ agentId: agent.id, taskId: await world.task({ projectId }) });
    const { sessionKey } = await world.runIn(id, 'RUNNING');
    expect(await world.agentEvents(projectId, agent.id)).toHaveLength(2); // one run waits, then it holds a slot

    await world.callback({ sessionKey });
    await world.runIn(id, 'SUCCEEDED');

    expect(await world.agentEvents(projectId, agent.id)).toHaveLength(3);
  });

  test('that changes nothing publishes nothing and makes no new version', async () => {
    const { id, events } = await agentAtWork();
    const before = { version: 1, events: await events() };

    const agent = await updateAgent(world.ctx(), {
      ...{ id, name: 'Writer', tags: ['fast'], systemPrompt: null, openClaw: 'default' },
    });

    expect({ version: agent.version, events: await events() }).toEqual(before);
  });

  test('is accepted as a whole although a project of it is out of reach and its OpenClaw has gone', async () => {
    const [left, stays, foreign] = [await world.project(), await world.project(), randomUUID()];
    const { id } = await world.agent({ projectIds: [left, stays] });
    await removeGrant(world.em(), projectScope(left), world.member.id);
    await world.em().nativeUpdate(Agent, { id }, { target: 'gone' });
    const form = { id, name: 'Author', projectIds: [left, stays], openClaw: 'gone' };

    expect(await updateAgent(world.ctx(), form)).toMatchObject({ name: 'Author', target: 'gone' });
    await expect(updateAgent(world.ctx(), { ...form, openClaw: 'default' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    for (const change of [{ projectIds: [left, stays, foreign] }, { openClaw: 'nowhere' }]) {
      const code = 'openClaw' in change ? 'INVALID' : 'NOT_FOUND';
      const admin = world.as({ ...world.member, workspaceRole: 'ADMIN' });
      await expect(updateAgent(admin, { ...form, ...change })).rejects.toMatchObject({ code });
    }
  });

  test('is made once by archiving twice', async () => {
    const { id, events } = await agentAtWork();
    const { version } = await archiveAgent(world.ctx(), { id });
    const before = await events();

    const again = await archiveAgent(world.ctx(), { id });

    expect({ version: again.version, events: await events() }).toEqual({ version, events: before });
  });
});

describe('an agent in a run', () => {
  test('does not own the agents of its person', async () => {
    const agent = await world.agent({ systemPrompt: 'You write plainly.' });
    const run = await world.start({ agentId: agent.id });
    const actor = agentIn(run, world.member);
    const ctx = world.as(actor);

    for (const call of [
      () => createAgent(ctx, { name: 'Helper', slug: randomUUID() }),
      () => updateAgent(ctx, { id: agent.id, maxConcurrent: 100 }),
      () => archiveAgent(ctx, { id: agent.id }),
      () => wakeAgent(ctx, { agentId: agent.id, text: 'Hello' }),
      () => wakeAgent(ctx, { text: 'Hello' }),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const document = 'query ($id: ID) { agent(id: $id) { name systemPrompt } }';
    const { data } = await world.ask(document, { id: agent.id }, actor);
    expect(data.agent).toEqual({ name: 'Writer', systemPrompt: null });
  });
});

describe('OpenClaw', () => {
  test('is compared with the agents here by agentsSync', async () => {
    const missing = await world.agent({ slug: `nowhere-${randomUUID().slice(0, 8)}` });

    const { data } = await world.ask(
      '{ agentsSync { name isReachable problem offeredSlugs missing { id } } }',
      {},
      world.admin,
    );

    const [found] = data.agentsSync;
    expect(found).toMatchObject({ name: 'default', isReachable: true, problem: null });
    expect(found.offeredSlugs).toEqual(expect.arrayContaining(['main', 'researcher']));
    expect(found.missing).toContainEqual({ id: missing.id });
  });

  test('wakes an agent only for its owner and for admins, and its default agent for admins', async () => {
    const agent = await world.agent({ slug: `woken-${randomUUID().slice(0, 8)}` });
    const wake = (input: object, actor = world.member) =>
      world.ask(WAKE, { input: { text: 'Good morning', ...input } }, actor);

    const accepted = [
      await wake({ agentId: agent.id }),
      await wake({ agentId: agent.id }, world.admin),
      await wake({}, world.admin),
    ];
    const refused = [await wake({ agentId: agent.id }, aPerson('Eve')), await wake({})];

    for (const { data } of accepted) expect(data.agentWake).toEqual({ isAccepted: true, userErrors: [] });
    for (const { data } of refused)
      expect(data.agentWake).toEqual({ isAccepted: false, userErrors: [{ code: 'FORBIDDEN' }] });
  });
});

const WAKE = `mutation ($input: AgentWakeInput!) {
  agentWake(input: $input) { isAccepted userErrors { code } } }`;
