/**
 * Measures agent runs on the whole system, in the form of separate processes (PostgreSQL, Redis) or embedded:
 *
 *   npm run bench                       100 rounds of 100 starts at once, and 300 callbacks
 *   npm run bench -- --form embedded    the same in one process
 *
 * Prints medians and 99th percentiles in milliseconds; exits 1 when an agent got more runs than it may have.
 * The load comes from the same machine, so the figures compare forms and versions, and promise nothing.
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
const STARTS_AT_ONCE = 100;
const MAX_CONCURRENT = 3;

/** A project with an agent and as many tasks. */
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

/** Rounds of starts at once on one agent. Returns how long each took, and what came of each round. */
async function contend(client: Client, rounds: number) {
  const { agentId, taskIds } = await makeBoard(client, STARTS_AT_ONCE);
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

/** Callbacks one after another: until each was answered, and until a subscriber had its event. */
async function callBack(client: Client, system: System, count: number) {
  system.simulator.set({ callbacks: 'never' });
  const { agentId, taskIds } = await makeBoard(client, count);
  const webhook = new Webhook(system.simulator.callbackSecret);
  const answered: number[] = [];
  const delivered: number[] = [];
  for (const taskId of taskIds) {
    const { data } = await startRun(client, agentId, taskId, 'QUEUE');
    const { id, cursor } = data.agentRunStart.run;
    const working = Promise.withResolvers<void>();
    const succeeded = Promise.withResolvers<number>();
    client.follow(
      `subscription ($runId: ID!, $after: EventCursor) { agentRunEvents(runId: $runId, after: $after) {
         __typename ... on AgentRunChanged { run { state outcome { text } agent { name } task { title project { name } } } } } }`,
      { runId: id, after: cursor },
      ({ run }) => {
        if (run?.state === 'RUNNING') working.resolve();
        if (run?.state === 'SUCCEEDED') succeeded.resolve(performance.now());
      },
    );
    await working.promise;
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

function row(what: string, milliseconds: number[]): string {
  const sorted = [...milliseconds].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return `  ${what.padEnd(44)} n=${String(sorted.length).padStart(6)}  p50 ${at(0.5).toFixed(1).padStart(7)}  p99 ${at(0.99).toFixed(1).padStart(7)}`;
}

const system = await startSystem(
  { LOG_LEVEL: 'error' },
  options.form === 'embedded' ? 'embedded' : 'services',
);
const client = connectClient(system.url);
try {
  console.log(`Agent runs, form ${options.form}; milliseconds`);
  const { latencies, outcomes } = await contend(client, Number(options.rounds));
  console.log(row(`${STARTS_AT_ONCE} starts at once: one mutation`, latencies));
  const wrong = outcomes.filter(
    ({ started, busy }) => started !== MAX_CONCURRENT || started + busy !== STARTS_AT_ONCE,
  );
  console.log(
    `  rounds with exactly ${MAX_CONCURRENT} runs: ${outcomes.length - wrong.length} of ${outcomes.length}`,
  );
  const { answered, delivered } = await callBack(client, system, Number(options.callbacks));
  console.log(row('callback: until it is answered', answered));
  console.log(row('callback: until a federated subscriber has it', delivered));
  process.exitCode = wrong.length > 0 ? 1 : 0;
} finally {
  await client.close();
  await system.close();
}
