import { randomBytes, randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import { Webhook } from 'standardwebhooks';
import { type Simulator, startSimulator } from '../../../openclaw-simulator/simulator.ts';
import { readEvents } from '../../../platform/event-log/event-log.ts';
import { setGrant } from '../../../platform/identity/grants.ts';
import { createRequestContext, openSubgraph } from '../../../platform/subgraph/subgraph.ts';
import { openTestInfrastructure, testLog } from '../../../platform/testing/infrastructure.ts';
import { until } from '../../../platform/testing/wait.ts';
import { RunChanged, type RunState } from '../../../schema/events/agents.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { TaskChanged } from '../../../schema/events/tasks.ts';
import { AgentsConfig } from '../config.ts';
import { consumers } from '../consumers.ts';
import { AGENTS_DATABASE } from '../database.ts';
import { AgentRun } from '../entities/agent-run.ts';
import { RunActivity } from '../entities/run-activity.ts';
import { RunAttempt } from '../entities/run-attempt.ts';
import { type AgentsContext, extendContext } from '../loaders.ts';
import { createTargets } from '../openclaw/targets.ts';
import { createAgent } from '../operations/agent/create-agent.ts';
import { startRun } from '../operations/run/start-run.ts';
import { workWithOpenClaw } from '../subgraph.ts';

const HOOKS_TOKEN = 'hooks-token-of-the-tests';
const GATEWAY_TOKEN = 'gateway-token-of-the-tests';

/**
 * The agents subgraph on a database of its own, with the simulator as OpenClaw and the callback's route,
 * without the GraphQL server. `settings` are those of the service, by name.
 */
export async function openWorld(settings: Record<string, string> = {}) {
  const infrastructure = await openTestInfrastructure();
  const callbackSecret = `whsec_${randomBytes(32).toString('base64')}`;
  const simulator = await startSimulator({
    hooksToken: HOOKS_TOKEN,
    gatewayToken: GATEWAY_TOKEN,
    callbackSecret,
    acceptAnyAgent: true,
    slots: 1_000,
    delayMs: 20,
    callbackRetryFirstMs: 50,
  });
  const config = testConfig(simulator, callbackSecret, settings);
  const subgraph = await openSubgraph(
    { name: 'agents', ...AGENTS_DATABASE, reactions: consumers },
    infrastructure,
    testLog,
  );
  const targets = createTargets(config);
  const work = await workWithOpenClaw(subgraph, config, targets);
  const app = Fastify();
  work.routes?.(app);
  const callbackUrl = `${await app.listen({ host: '127.0.0.1', port: 0 })}/agents/callback`;
  simulator.set({ callbackUrl });

  const em = () => subgraph.orm.em.fork();
  const member = { id: randomUUID(), displayName: 'Ada', avatarUrl: null };
  const as = (viewer: typeof member): AgentsContext =>
    extendContext({
      timeoutSeconds: config.RUN_TIMEOUT_SECONDS,
      runsMax: config.OPENCLAW_RUNS_MAX,
      targets,
    })(createRequestContext(subgraph, viewer, testLog));

  const world = {
    subgraph,
    config,
    targets,
    simulator,
    callbackUrl,
    em,
    member,
    /** A request by somebody. */
    as,
    /** A request by a member of every project of this world. */
    ctx: () => as(member),
    /** A project in which `member` has a role. */
    async project(role: 'VIEWER' | 'MEMBER' = 'MEMBER') {
      const projectId = randomUUID();
      await setGrant(em(), projectStream(projectId), member.id, role);
      return projectId;
    },
    /** A task, as the tasks subgraph would publish it; with the id of one that there is, a change of it. */
    async task(overrides: TaskOverrides = {}) {
      const projectId = overrides.projectId ?? (await world.project());
      const taskId = overrides.taskId ?? randomUUID();
      await world.ctx().transact(async (tx) => {
        tx.publish(TaskChanged, {
          stream: projectStream(projectId),
          subject: taskId,
          payload: {
            ref: 'TB-1',
            title: 'Write the release notes',
            description: 'For 1.0',
            category: 'TODO',
            checklist: [],
            openBlockerRefs: [],
            changedFields: ['title'],
            ...overrides,
            taskId,
            projectId,
          },
        });
      });
      return taskId;
    },
    agent: (overrides: Record<string, unknown> = {}) =>
      createAgent(
        world.ctx(),
        {
          name: 'Writer',
          slug: `agent-${randomBytes(4).toString('hex')}`,
          model: 'claude-opus-4-5',
          maxConcurrent: 1,
          isEnabled: true,
          tags: [],
          ...overrides,
        },
        { targets: targets.names },
      ),
    /** Starts a run; what is not named is made for it. */
    async start(overrides: { agentId?: string; taskId?: string } & Record<string, unknown> = {}) {
      const agentId = overrides.agentId ?? (await world.agent()).id;
      const taskId = overrides.taskId ?? (await world.task());
      const defaults = {
        instruction: 'Draft it',
        whenBusy: 'REJECT',
        priority: 'NORMAL',
        ignoreBlockers: false,
      };
      const input = { ...defaults, ...overrides, agentId, taskId };
      return startRun(world.ctx(), input, { timeoutSeconds: config.RUN_TIMEOUT_SECONDS });
    },
    /** The run as it is now, with what its newest attempt holds. */
    async run(id: string) {
      const fork = em();
      const run = await fork.findOneOrFail(AgentRun, { id });
      const attempt = await fork.findOne(RunAttempt, { runId: id, number: run.attempt });
      const { sessionKey, requestBody, usage, isPromptCut } = attempt ?? {};
      return { ...run, sessionKey, requestBody, usage, isPromptCut };
    },
    /** A run that waits, as rows are. */
    queuedRun: (id: string) => em().findOneOrFail(AgentRun, { id, state: 'QUEUED' }),
    /** Waits until an agent has a run at work, and returns its id. */
    runningOf: (agentId: string) =>
      until('the agent works', async () => {
        const run = await em().findOne(AgentRun, { agentId, state: 'RUNNING' });
        return run?.id;
      }),
    /** What happened in a run: kinds and texts. */
    async activities(runId: string) {
      const rows = await em().find(RunActivity, { runId }, { orderBy: { seq: 'asc' } });
      return rows.map(({ kind, text }) => [kind, text]);
    },
    /** Waits until a run is in a state, and returns it. */
    runIn: (id: string, state: RunState, timeoutMs?: number) =>
      until(
        `run ${state}`,
        async () => {
          const run = await world.run(id);
          return run.state === state && run;
        },
        timeoutMs,
      ),
    /** The states through which a run went, as its events tell. */
    async states(run: Pick<AgentRun, 'id' | 'projectId'>): Promise<RunState[]> {
      const filter = { types: [RunChanged.type], subject: run.id };
      const events = await readEvents(em(), projectStream(run.projectId), 0, 100, filter);
      return events.map(({ payload }) => (payload as { state: RunState }).state);
    },
    /** Moves a run's clock: all its times, and those of its attempts and questions, are that much earlier. */
    async age(runId: string, seconds: number, tables = CLOCKS.map(([table]) => table)) {
      const earlier = (columns: string[]) =>
        columns.map((column) => `${column} = ${column} - make_interval(secs => ${seconds})`).join(', ');
      // At once, or a loop that looks in between would see one half of them.
      await em().transactional(async (tx) => {
        for (const [table, key, columns] of CLOCKS.filter(([name]) => tables.includes(name)))
          await tx.execute(`update agents.${table} set ${earlier(columns)} where ${key} = ?`, [runId]);
      });
    },
    /** Forgets that OpenClaw asked us to wait, or was not there. */
    resume: () =>
      em().execute(
        'update agents.openclaw_target set paused_until = null, is_reachable = true, problem = null',
      ),
    /** Posts a report as the plugin in OpenClaw would. */
    async callback(
      report: Record<string, unknown>,
      { id = randomUUID(), secret = callbackSecret, agoSeconds = 0 } = {},
    ) {
      const at = new Date(Date.now() - agoSeconds * 1000);
      const body = JSON.stringify({ success: true, aborted: false, text: 'Done', error: null, ...report });
      const response = await fetch(callbackUrl, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': new Webhook(secret).sign(id, at, body),
        },
        body,
      });
      return {
        status: response.status,
        body: (await response.json()) as { status?: string; error?: string },
      };
    },
    async close() {
      await simulator.stop();
      await app.close();
      await work.close();
      await subgraph.close();
      await infrastructure.close();
    },
  };
  return world;
}

const CLOCKS: [table: string, key: string, columns: string[]][] = [
  ['run_attempt', 'run_id', ['started_at', 'doubt_until']],
  ['run_question', 'run_id', ['asked_at', 'expires_at']],
  [
    'agent_run',
    'id',
    [
      ...['deadline_at', 'lease_until', 'started_at', 'checked_at', 'queued_at', 'next_hand_over_at'],
      ...['heard_at', 'queue_expires_at', 'abort_at'],
    ],
  ],
];

interface TaskOverrides {
  taskId?: string;
  projectId?: string;
  title?: string;
  description?: string;
  checklist?: { text: string; isDone: boolean }[];
  openBlockerRefs?: string[];
}

const testConfig = (simulator: Simulator, callbackSecret: string, settings: Record<string, string>) =>
  AgentsConfig.parse({
    GATEWAY_SIGNING_KEY: randomBytes(32).toString('hex'),
    DATABASE_URL: 'postgres://unused',
    REDIS_URL: 'redis://unused',
    OPENCLAW_URL: simulator.url,
    OPENCLAW_TOKEN: HOOKS_TOKEN,
    OPENCLAW_GATEWAY_TOKEN: GATEWAY_TOKEN,
    OPENCLAW_CALLBACK_SECRET: callbackSecret,
    DISPATCH_SWEEP_SECONDS: '1',
    ...settings,
  });
