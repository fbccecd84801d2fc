import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemPart } from '../../../platform/identity/actor.ts';
import { removeGrant, setGrant } from '../../../platform/identity/grants.ts';
import { aPerson } from '../../../platform/testing/actors.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { TaskRemoved } from '../../../schema/events/tasks.ts';
import { projectScope } from '../../../schema/scopes.ts';
import { Agent } from '../entities/agent.ts';
import { RunQuestion } from '../entities/run-question.ts';
import { updateAgent } from '../operations/agent/update-agent.ts';
import { answerQuestion } from '../operations/question/answer-question.ts';
import { claimRun } from '../operations/run/claim-run.ts';
import { retryRun } from '../operations/run/retry-run.ts';
import { stopForbiddenRun } from '../operations/run/stop-forbidden-run.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({}, { isRunning: false });
});
afterAll(() => world.close());

interface Parties {
  projectId: string;
  agentId: string;
  taskId: string;
}

/** What can happen while a run waits, and what a start says then. */
const OBSTACLES: Record<
  string,
  { raise: (parties: Parties) => Promise<unknown>; code: string; says: string }
> = {
  'its task was archived': {
    async raise({ projectId, taskId }) {
      await world.ctx().transact(async (tx) => {
        const stream = projectStream(projectId);
        tx.publish(TaskRemoved, { stream, subject: taskId, payload: { taskId, projectId } });
      });
      await world.subgraph.catchUp();
    },
    ...{ code: 'INVALID_TRANSITION', says: 'is archived' },
  },
  'its task was finished': {
    raise: async (parties) => {
      await world.task({ ...parties, category: 'DONE' });
      await world.subgraph.catchUp();
    },
    ...{ code: 'INVALID_TRANSITION', says: 'is finished' },
  },
  'its agent was withdrawn from the project': {
    raise: async ({ agentId }) =>
      updateAgent(world.ctx(), { id: agentId, projectIds: [await world.project()] }),
    ...{ code: 'FORBIDDEN', says: 'is not for this project' },
  },
  'its agent was taken out of use': {
    raise: ({ agentId }) => world.em().nativeUpdate(Agent, { id: agentId }, { archivedAt: new Date() }),
    ...{ code: 'AGENT_DISABLED', says: 'was taken out of use' },
  },
  'its requester was removed': {
    raise: ({ projectId }) => removeGrant(world.em(), projectScope(projectId), world.member.id),
    ...{ code: 'NOT_FOUND', says: 'does not exist' },
  },
  'its requester was made a viewer': {
    raise: ({ projectId }) => setGrant(world.em(), projectScope(projectId), world.member.id, 'VIEWER'),
    ...{ code: 'FORBIDDEN', says: 'needs the role MEMBER' },
  },
};

async function arrange(): Promise<Parties> {
  const projectId = await world.project();
  const { id: agentId } = await world.agent();
  return { projectId, agentId, taskId: await world.task({ projectId }) };
}

const start = ({ agentId, taskId }: Parties) => world.start({ agentId, taskId });

const dispatcher = systemPart('test.dispatcher');
const claim = () =>
  world.subgraph.transact(dispatcher, (tx) => claimRun(tx, { runsMax: 1_000, leaseSeconds: 60 }));
const openTargets = () =>
  world.em().execute('update agents.openclaw_target set is_reachable = true, paused_until = null');

describe.each(Object.keys(OBSTACLES))('when %s', (name) => {
  const { raise, code, says } = OBSTACLES[name]!;

  test('no run starts', async () => {
    const parties = await arrange();
    await raise(parties);

    await expect(start(parties)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(says),
    });
  });

  test('a waiting run ends with the reason in the transaction that would have claimed it', async () => {
    await openTargets();
    const parties = await arrange();
    const { id } = await start(parties);

    await raise(parties);

    expect(await claim()).toBe('stopped');
    const run = await world.run(id);
    expect(run).toMatchObject({
      state: 'CANCELED',
      attempt: 0,
      slot: null,
      failureCode: 'NO_LONGER_ALLOWED',
    });
    expect((await world.steps(run)).at(-1)).toMatchObject({
      state: 'CANCELED',
      failureMessage: run.failureMessage,
    });
    expect(await claim()).toBeNull();
  });

  test('a run that nobody would claim ends too', async () => {
    const parties = await arrange();
    const { id } = await start(parties);
    await world.em().execute('update agents.agent set is_enabled = false where id = ?', [parties.agentId]);

    await raise(parties);

    expect(await world.subgraph.transact(dispatcher, stopForbiddenRun)).toMatchObject({
      id,
      state: 'CANCELED',
    });
    expect(await world.subgraph.transact(dispatcher, stopForbiddenRun)).toBeNull();
  });

  test('an answer to its question does not start the agent again', async () => {
    await openTargets();
    const parties = await arrange();
    const { id } = await start(parties);
    const question = await askIn(id);
    const other = aPerson('Grace');
    await setGrant(world.em(), projectScope(parties.projectId), other.id, 'MEMBER');

    await raise(parties);

    await expect(
      answerQuestion(world.as(other), { questionId: question.id, answer: 'Yes' }),
    ).rejects.toMatchObject({
      code: 'INVALID_TRANSITION',
      message: expect.stringContaining('The run was canceled'),
    });
    expect(await world.run(id)).toMatchObject({ state: 'CANCELED', failureCode: 'NO_LONGER_ALLOWED' });
  });
});

test('a run that ended without success is not repeated on an archived task', async () => {
  const parties = await arrange();
  const { id } = await start(parties);
  await OBSTACLES['its task was archived']!.raise(parties);
  await world.subgraph.transact(dispatcher, stopForbiddenRun);

  await expect(retryRun(world.ctx(), { id })).rejects.toMatchObject({ code: 'INVALID_TRANSITION' });
});

/** Hands a run over, and lets its agent ask. */
async function askIn(runId: string): Promise<RunQuestion> {
  expect(await claim()).toMatchObject({ runId });
  await world
    .em()
    .execute(`update agents.agent_run set state = 'INPUT_REQUIRED', slot = null where id = ?`, [runId]);
  const em = world.em();
  const question = em.create(RunQuestion, {
    ...{ runId, attempt: 1, body: 'Sure?', choices: [] },
    ...{ askedAt: new Date(), expiresAt: new Date(Date.now() + 60_000) },
  });
  await em.flush();
  return question;
}
