import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { GatewayConfig } from '../gateway/config.ts';
import { startGateway } from '../gateway/gateway.ts';
import { systemPart } from '../platform/identity/actor.ts';
import { SubgraphConfig } from '../platform/process/config.ts';
import type { RunningService } from '../platform/process/service.ts';
import type { Infrastructure } from '../platform/subgraph/infrastructure.ts';
import { startSubgraph } from '../platform/subgraph/start.ts';
import type { Subgraph } from '../platform/subgraph/subgraph.ts';
import { openTestInfrastructure } from '../platform/testing/infrastructure.ts';
import { countStatements } from '../platform/testing/statements.ts';
import { RunChanged } from '../schema/events/agents.ts';
import { projectStream } from '../schema/events/event.ts';
import { SUBGRAPHS, type SubgraphName } from '../schema/sdl.ts';
import { extendContext } from '../subgraphs/agents/loaders.ts';
import { DEFINITIONS } from './completeness/subgraphs.ts';

/** The document of product.md, as the frontend sends it. */
const BOARD = `query Board($id: ID!) { project(id: $id) { name columns { name category wipLimit tasks(first: 50) { nodes {
  id ref title priority assignee { displayName } delegate { name status } activeRun { id state } subtaskProgress { done total } } } } } }`;
const STATEMENTS_MAX = 12;

let infrastructure: Infrastructure;
const subgraphs = {} as Record<SubgraphName, Subgraph>;
const services: RunningService[] = [];
let url: string;

beforeAll(async () => {
  infrastructure = await openTestInfrastructure(60);
  const settings = {
    LOG_LEVEL: 'silent',
    GATEWAY_SIGNING_KEY: randomBytes(32).toString('hex'),
    DATABASE_URL: 'postgres://lent',
    REDIS_URL: 'redis://lent',
  };
  const urls: Record<string, string> = {};
  for (const name of SUBGRAPHS) {
    const definition = {
      extendContext: extendContext({
        timeoutSeconds: 600,
        runsMax: 6,
        agentsAddedBy: 'admins',
        targets: { names: ['default'] } as never,
      }),
      ...DEFINITIONS[name],
      port: { setting: 'PORT', value: 0 },
      // Without the work on runs, nothing but requests and readers sends statements.
      begin: (subgraph: Subgraph) => {
        subgraphs[name] = subgraph;
        return { close: async () => undefined };
      },
    };
    const running = await startSubgraph(SubgraphConfig.parse(settings), definition as never, infrastructure);
    services.unshift(running);
    urls[`${name.toUpperCase()}_URL`] = `http://127.0.0.1:${running.port}`;
  }
  const gateway = await startGateway(
    GatewayConfig.parse({ ...settings, ...urls, SIGN_IN: 'development', GATEWAY_PORT: '0' }),
  );
  services.unshift(gateway);
  url = `http://127.0.0.1:${gateway.port}/graphql`;
});
afterAll(async () => {
  for (const service of services) await service.close();
  await infrastructure.close();
});

test(`the board is at most ${STATEMENTS_MAX} statements over all services, however many tasks it has`, async () => {
  const small = await countBoard(await makeBoard('SMALL', 2));
  const large = await countBoard(await makeBoard('LARGE', 10));

  expect(large.cards).toHaveLength(50);
  expect(large.cards[0]).toMatchObject({
    assignee: { displayName: 'Developer' },
    delegate: { name: 'Writer', status: expect.any(String) },
  });
  expect(large.statements.length).toBeLessThanOrEqual(STATEMENTS_MAX);
  expect(large.statements).toHaveLength(small.statements.length);
});

async function ask(query: string, variables: object) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Record<string, unknown>; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

const create = async (mutation: string, input: object, selection: string) => {
  const name = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`;
  const document = `mutation ($input: ${name}!) { ${mutation}(input: $input) { ${selection} userErrors { message } } }`;
  const payload = (await ask(document, { input }))[mutation]! as { userErrors: [] } & Record<
    string,
    { id: string }
  >;
  expect(payload.userErrors).toEqual([]);
  return Object.values(payload).find((value) => 'id' in value)!;
};

/** A board with `tasksInColumn` tasks in each of five columns: each with an assignee, an unfinished one with a run. */
async function makeBoard(key: string, tasksInColumn: number): Promise<string> {
  const { viewer } = (await ask('{ viewer { id } }', {})) as { viewer: { id: string } };
  const { id: projectId } = await create('projectCreate', { key, name: 'Board' }, 'project { id }');
  const agent = await create('agentCreate', { name: 'Writer', slug: key.toLowerCase() }, 'agent { id }');
  const { project } = (await ask('query ($id: ID!) { project(id: $id) { columns { id category } } }', {
    id: projectId,
  })) as {
    project: { columns: { id: string; category: string }[] };
  };
  for (const { id: columnId, category } of project.columns) {
    for (let n = 0; n < tasksInColumn; n++) {
      const input = { projectId, columnId, title: `Task ${n}`, assigneeId: viewer.id };
      const task = await create('taskCreate', input, 'task { id }');
      if (category === 'DONE') continue; // no run starts on a finished task
      const run = await create(
        'agentRunStart',
        { agentId: agent.id, taskId: task.id, instruction: 'Draft it', whenBusy: 'QUEUE' },
        'run { id }',
      );
      await handOver({
        runId: run.id,
        taskId: task.id,
        agentId: agent.id,
        projectId,
        requestedBy: viewer.id,
      });
    }
  }
  for (const subgraph of Object.values(subgraphs)) await subgraph.catchUp();
  return projectId;
}

interface HandedOver {
  runId: string;
  taskId: string;
  agentId: string;
  projectId: string;
  requestedBy: string;
}

/** Publishes what a dispatcher publishes when it hands a run over: the agent becomes the task's delegate. */
const handOver = (run: HandedOver) =>
  subgraphs.agents.transact(systemPart('agents.dispatcher'), async (tx) =>
    tx.publish(RunChanged, {
      stream: projectStream(run.projectId),
      subject: run.runId,
      payload: {
        ...run,
        agentName: 'Writer',
        state: 'DISPATCHING',
        attempt: 1,
        answer: null,
        failureMessage: null,
        question: null,
        possibleQuestion: null,
      },
    }),
  );

interface Card {
  assignee: object;
  delegate: object;
}

/** Of a reader of the event log, which looks for events meanwhile: a query of a client opens no transaction. */
const BY_READER = /\blog\.|^(begin|commit|rollback)/i;

/** Reads a board, and the statements that all subgraphs send for it. */
async function countBoard(id: string): Promise<{ cards: Card[]; statements: string[] }> {
  let cards: Card[] = [];
  const read = async () => {
    const { project } = (await ask(BOARD, { id })) as unknown as {
      project: { columns: { tasks: { nodes: Card[] } }[] };
    };
    cards = project.columns.flatMap(({ tasks }) => tasks.nodes);
  };
  const counted: string[] = [];
  let work = read;
  for (const { orm } of Object.values(subgraphs)) {
    const inner = work;
    work = async () => void counted.push(...(await countStatements(orm, inner)).statements);
  }
  await work();
  return { cards, statements: counted.filter((statement) => !BY_READER.test(statement)) };
}
