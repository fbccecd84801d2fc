/**
 * Measures agent runs on the whole system, as separate processes (PostgreSQL, Redis) or embedded:
 *
 *   npm run bench                       100 rounds of 100 concurrent starts, and 300 callbacks
 *   npm run bench -- --form embedded    the same in one process
 *
 * Prints medians and 99th percentiles in milliseconds. Exits with 1 when the number of started or refused runs is wrong.
 * The load comes from the same machine, so use the figures only to compare forms and versions.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { type Client, connectClient } from '../tests/client.ts';
import { type System, startSystem } from '../tests/system.ts';

const { values: options } = parseArgs({
  options: {
    form: { type: 'string', default: 'services' },
    rounds: { type: 'string', default: '100' },
    callbacks: { type: 'string', default: '300' },
  },
});
const CONCURRENT_STARTS = 100;
const MAX_CONCURRENT = 3;

/** Creates a project with an agent and `tasks` tasks. */
async function makeBoard(client: Client, tasks: number) {
  const mark = `B${Date.now().toString(36).toUpperCase().slice(-7)}`;
  const { data } = await client.ask(
    `mutation ($key: String!, $slug: String!, $max: Int!) {
       projectCreate(input: { key: $key, name: "Bench" }) { project { id } }
       agentCreate(input: { name: "Writer", slug: $slug, maxConcurrent: $max }) { agent { id } } }`,
    { key: mark, slug: mark.toLowerCase(), max: MAX_CONCURRENT },
  );
  const projectId: string = data.projectCreate.project.id;
  const taskIds: string[] = [];
  for (let n = 0; n < tasks; n++) {
    const created = await client.ask(
      'mutation ($projectId: ID!) { taskCreate(input: { projectId: $projectId, title: "T" }) { task { id } } }',
      { projectId },
    );
    taskIds.push(created.data.taskCreate.task.id);
  }
  return { projectId, agentId: data.agentCreate.agent.id as string, taskIds };
}

const startRun = (client: Client, agentId: string, taskId: string, whenBusy: 'REJECT' | 'QUEUE') =>
  client.ask(
    `mutation ($agentId: ID!, $taskId: ID!, $whenBusy: WhenBusy!) {
       agentRunStart(input: { agentId: $agentId, taskId: $taskId, instruction: "[[hang]]", whenBusy: $whenBusy }) {
         run { id cursor } userErrors { code } } }`,
    { agentId, taskId, whenBusy },
  );

const cancelRun = (client: Client, id: string) =>
  client.ask(
    'mutation ($id: ID!) { agentRunCancel(input: { id: $id, mode: FORCE }) { userErrors { code message } } }',
    { id },
  );

/** Runs rounds of concurrent starts on one agent. Returns the latency of each start and the outcome of each round. */
async function measureStarts(client: Client, rounds: number) {
  const { agentId, taskIds } = await makeBoard(client, CONCURRENT_STARTS);
  const latencies: number[] = [];
  const outcomes: { started: number; busy: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all(
      taskIds.map(async (taskId) => {
        const before = performance.now();
        const { data } = await startRun(client, agentId, taskId, 'REJECT');
        latencies.push(performance.now() - before);
        return data.agentRunStart as { run: { id: string } | null; userErrors: { code: string }[] };
      }),
    );
    const started = answers.flatMap(({ run }) => run?.id ?? []);
    const busy = answers.filter(({ userErrors }) => userErrors[0]?.code === 'AGENT_BUSY').length;
    outcomes.push({ started: started.length, busy });
    await Promise.all(started.map((id) => cancelRun(client, id)));
  }
  return { latencies, outcomes };
}

/** Posts callbacks one after another. Returns the times until the answer and until a subscriber received the event. */
async function measureCallbacks(client: Client, system: System, count: number) {
  system.simulator.set({ callbacks: 'never' });
  const { agentId, taskIds } = await makeBoard(client, count);
  const webhook = new Webhook(system.simulator.callbackSecret);
  const answered: number[] = [];
  const delivered: number[] = [];
  for (const taskId of taskIds) {
    const { data } = await startRun(client, agentId, taskId, 'QUEUE');
    const { id, cursor } = data.agentRunStart.run;
    const running = Promise.withResolvers<void>();
    const succeeded = Promise.withResolvers<number>();
    client.follow(
      `subscription ($runId: ID!, $after: EventCursor) { agentRunEvents(runId: $runId, after: $after) {
         __typename ... on AgentRunChanged { run { state outcome { text } agent { name } task { title project { name } } } } } }`,
      { runId: id, after: cursor },
      ({ run }) => {
        if (run?.state === 'RUNNING') running.resolve();
        if (run?.state === 'SUCCEEDED') succeeded.resolve(performance.now());
      },
    );
    await running.promise;
    const body = JSON.stringify({ sessionKey: `agent:x:task:${taskId}:${id}`, success: true, text: 'Done' });
    const messageId = randomUUID();
    const now = new Date();
    const before = performance.now();
    await fetch(`${system.url}/agents/callback`, {
      method: 'POST',
      headers: {
        'webhook-id': messageId,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': webhook.sign(messageId, now, body),
      },
      body,
    });
    answered.push(performance.now() - before);
    delivered.push((await succeeded.promise) - before);
  }
  return { answered, delivered };
}

function formatRow(name: string, milliseconds: number[]): string {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return `  ${name.padEnd(44)} n=${String(sorted.length).padStart(6)}  p50 ${at(0.5).toFixed(1).padStart(7)}  p99 ${at(0.99).toFixed(1).padStart(7)}`;
}

const system = await startSystem(
  { LOG_LEVEL: 'error' },
  options.form === 'embedded' ? 'embedded' : 'services',
);
const client = connectClient(system.url);
try {
  console.log(`Agent runs, form ${options.form}; milliseconds`);
  const { latencies, outcomes } = await measureStarts(client, Number(options.rounds));
  console.log(formatRow(`${CONCURRENT_STARTS} concurrent starts: one mutation`, latencies));
  const wrong = outcomes.filter(
    ({ started, busy }) => started !== MAX_CONCURRENT || started + busy !== CONCURRENT_STARTS,
  );
  console.log(
    `  rounds with exactly ${MAX_CONCURRENT} started runs: ${outcomes.length - wrong.length} of ${outcomes.length}`,
  );
  const { answered, delivered } = await measureCallbacks(client, system, Number(options.callbacks));
  console.log(formatRow('callback: until it is answered', answered));
  console.log(formatRow('callback: until a subscriber has the event', delivered));
  process.exitCode = wrong.length > 0 ? 1 : 0;
} finally {
  await client.close();
  await system.close();
}
