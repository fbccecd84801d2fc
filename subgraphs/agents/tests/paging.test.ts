import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { countStatements } from '../../../platform/testing/statements.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld({}, { isRunning: false });
});
afterAll(() => world.close());

/** Agents with three runs each, oldest first, on one task each. */
async function agentsWithRuns(count: number) {
  const projectId = await world.project();
  const agents = [];
  for (let n = 0; n < count; n++) {
    const { id } = await world.agent({ maxConcurrent: 3, projectIds: [projectId] });
    const runs = [];
    for (let run = 0; run < 3; run++) {
      const taskId = await world.task({ projectId });
      runs.push(await world.start({ agentId: id, taskId }));
    }
    agents.push({ id, runs });
  }
  return { projectId, agents };
}

const AGENTS = `query ($projectId: ID!, $first: Int, $after: String) {
  agents(filter: { projectId: $projectId }) { nodes { id runs(first: $first, after: $after) {
    nodes { id cursor queue { position reason } activities(first: 1) { nodes { seq } } }
    pageInfo { hasNextPage endCursor } } } } }`;

/** Executes a document, and returns the statements that read for it. The readers of the log work at the same time. */
async function count(document: string, variables: Record<string, unknown>) {
  const { result, statements } = await countStatements(world.subgraph.orm, () =>
    world.ask(document, variables),
  );
  const isOfReader = (sql: string) => /log\.(stream|reader)|seq > \?/.test(sql);
  return {
    ...result,
    statements: statements.filter((sql) => /^\s*(select|with)/.test(sql) && !isOfReader(sql)),
  };
}

describe('the runs of several agents', () => {
  test('are read in as many statements as those of one', async () => {
    const one = await agentsWithRuns(1);
    const five = await agentsWithRuns(5);

    const ofOne = await count(AGENTS, { projectId: one.projectId, first: 2 });
    const ofFive = await count(AGENTS, { projectId: five.projectId, first: 2 });

    expect(ofFive.data.agents.nodes).toHaveLength(5);
    for (const { id, runs } of ofFive.data.agents.nodes) {
      const newestFirst = five.agents.find((agent) => agent.id === id)!.runs.toReversed();
      expect(runs.nodes.map((run: { id: string }) => run.id)).toEqual(
        newestFirst.slice(0, 2).map((run) => run.id),
      );
      expect(runs.nodes.map((run: { queue: { position: number } }) => run.queue.position)).toEqual([3, 2]);
      expect(runs.pageInfo.hasNextPage).toBe(true);
    }
    expect(ofFive.statements).toHaveLength(ofOne.statements.length);
  });

  test('continue after the cursor of a page', async () => {
    const { projectId, agents } = await agentsWithRuns(1);
    const first = await world.ask(AGENTS, { projectId, first: 2 });
    const after = first.data.agents.nodes[0].runs.pageInfo.endCursor;

    const { data } = await world.ask(AGENTS, { projectId, first: 2, after });

    const ids = data.agents.nodes[0].runs.nodes.map((run: { id: string }) => run.id);
    expect(ids).toEqual([agents[0]!.runs[0]!.id]);
  });
});

test('the runs of several tasks are read in one statement, without those of other projects', async () => {
  const { agents } = await agentsWithRuns(1);
  const foreign = await world.start();
  await world.em().execute('delete from access.grant where scope = ?', [`project:${foreign.projectId}`]);
  const taskIds = [...agents[0]!.runs, foreign].map(({ taskId }) => taskId);
  const document = `query ($tasks: [_Any!]!) {
    _entities(representations: $tasks) { ... on Task { runs { nodes { id } } } } }`;

  const tasks = taskIds.map((id) => ({ __typename: 'Task', id }));
  const { data, statements } = await count(document, { tasks });

  const found = data._entities.map(({ runs }: { runs: { nodes: object[] } }) => runs.nodes);
  expect(found).toEqual([...agents[0]!.runs.map(({ id }) => [{ id }]), []]);
  expect(statements).toHaveLength(2); // the actor's projects, and the runs
});
