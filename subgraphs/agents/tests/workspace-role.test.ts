import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aPerson } from '../../../platform/testing/actors.ts';
import { archiveAgent } from '../operations/agent/archive-agent.ts';
import { createAgent } from '../operations/agent/create-agent.ts';
import { takeOverAgent } from '../operations/agent/take-over-agent.ts';
import { updateAgent } from '../operations/agent/update-agent.ts';
import { agentIn, openWorld } from './world.ts';

type World = Awaited<ReturnType<typeof openWorld>>;
let world: World;
let open: World;
beforeAll(async () => {
  world = await openWorld({}, { isRunning: false });
  open = await openWorld({ AGENTS_ADDED_BY: 'members' }, { isRunning: false });
});
afterAll(() => Promise.all([world.close(), open.close()]));

const FORBIDDEN = { code: 'FORBIDDEN' };
const newSlug = () => `agent-${randomUUID().slice(0, 8)}`;

describe('without a role in the workspace', () => {
  test('nobody adds an agent, unless the settings let members add agents for their projects', async () => {
    const wanted = async (each: World) => ({
      ...{ name: 'Mine', slug: newSlug() },
      projectIds: [await each.project()],
    });

    await expect(createAgent(world.ctx(), await wanted(world))).rejects.toMatchObject(FORBIDDEN);
    await expect(createAgent(open.ctx(), await wanted(open))).resolves.toMatchObject({ name: 'Mine' });
  });

  test('nobody opens an agent to all projects, or to one as its viewer', async () => {
    const agent = { name: 'Mine', slug: newSlug() };
    const viewed = await open.project('VIEWER');
    const own = await createAgent(open.ctx(), { ...agent, projectIds: [await open.project()] });

    await expect(createAgent(open.ctx(), { ...agent, slug: newSlug() })).rejects.toMatchObject(FORBIDDEN);
    for (const projectIds of [null, [viewed]])
      await expect(updateAgent(open.ctx(), { id: own.id, projectIds })).rejects.toMatchObject(FORBIDDEN);
  });

  test('nobody learns what an OpenClaw offers, or takes an agent over', async () => {
    const { id } = await world.agent();

    const { errors } = await world.ask('{ agentsSync { offeredSlugs } }');

    expect(errors?.[0]?.originalError).toMatchObject(FORBIDDEN);
    await expect(takeOverAgent(world.ctx(), { id })).rejects.toMatchObject(FORBIDDEN);
  });
});

describe('an admin of the workspace', () => {
  test('sees, changes and takes over the agents of others, who are then no owners any more', async () => {
    const { id } = await world.agent({ projectIds: [await world.project()], systemPrompt: 'Plain words' });
    const admin = world.as(world.admin);

    const { data } = await world.ask(
      'query ($id: ID) { agent(id: $id) { systemPrompt } }',
      { id },
      world.admin,
    );
    await updateAgent(admin, { id, name: 'Ours' });
    const taken = await takeOverAgent(admin, { id });

    expect(data.agent).toEqual({ systemPrompt: 'Plain words' });
    expect(taken).toMatchObject({ ownerId: world.admin.id, name: 'Ours' });
    await expect(updateAgent(world.ctx(), { id, name: 'Mine' })).rejects.toMatchObject(FORBIDDEN);
  });

  test('has no such right in the run of an agent', async () => {
    const run = await world.start();
    const { id } = await world.agent();

    const actor = world.as(agentIn(run, { ...world.member, workspaceRole: 'ADMIN' }));

    await expect(takeOverAgent(actor, { id })).rejects.toMatchObject(FORBIDDEN);
  });
});

describe('a slug', () => {
  test('is free again once its agent was taken out of use', async () => {
    const first = await world.agent();
    await archiveAgent(world.ctx(), { id: first.id });

    const second = await world.agent({ slug: first.slug });

    const { data } = await world.ask('query ($slug: String) { agent(slug: $slug) { id } }', {
      slug: first.slug,
    });
    expect(data.agent).toEqual({ id: second.id });
  });

  test('finds nothing that is invisible', async () => {
    const { slug } = await world.agent({ projectIds: [await world.project()] });
    const document = 'query ($slug: String) { agent(slug: $slug) { id } }';

    const { data } = await world.ask(document, { slug }, aPerson('Eve'));

    expect(data.agent).toBeNull();
  });
});
