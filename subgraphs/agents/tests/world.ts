import { randomBytes, randomUUID } from 'node:crypto';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse } from 'graphql';
import { type Simulator, startSimulator } from '../../../openclaw-simulator/simulator.ts';
import { readEvents } from '../../../platform/event-log/event-log.ts';
import { createHttpServer, listen } from '../../../platform/graphql/http-server.ts';
import { SCALARS } from '../../../platform/graphql/scalars.ts';
import { type AgentInRun, type Person, person, type RequestActor } from '../../../platform/identity/actor.ts';
import { setGrant } from '../../../platform/identity/grants.ts';
import type { Logger } from '../../../platform/process/log.ts';
import { createRequestContext } from '../../../platform/subgraph/request.ts';
import { openSubgraph } from '../../../platform/subgraph/subgraph.ts';
import { aPerson } from '../../../platform/testing/actors.ts';
import { openTestInfrastructure, testLog } from '../../../platform/testing/infrastructure.ts';
import { until } from '../../../platform/testing/wait.ts';
import { AgentChanged, RunChanged, type RunState } from '../../../schema/events/agents.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { TaskChanged } from '../../../schema/events/tasks.ts';
import { projectScope } from '../../../schema/scopes.ts';
import { AgentsConfig } from '../config.ts';
import { AgentRun } from '../entities/agent-run.ts';
import { RunActivity } from '../entities/run-activity.ts';
import { RunAttempt } from '../entities/run-attempt.ts';
import { type AgentsContext, extendContext } from '../loaders.ts';
import { createTargets } from '../openclaw/targets.ts';
import { createAgent } from '../operations/agent/create-agent.ts';
import { startRun } from '../operations/run/start-run.ts';
import { rememberTargets } from '../operations/target/remember-targets.ts';
import { AGENTS_SUBGRAPH, workOnRuns } from '../subgraph.ts';
import { ageRun } from './clocks.ts';
import { postReport, type ReportOptions } from './report.ts';

/** A document's answer; tests look into it without the generated types of a client. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the document's, which each test writes itself
type Answer = any;

export interface WorldOptions {
  /** Whether the runner works on the runs. Without it a test claims them itself. */
  isRunning?: boolean;
  log?: Logger;
}

/**
 * The agents subgraph on a database of its own, with its schema, with the simulator as OpenClaw and the callback's
 * route, without its server. `settings` are those of the service, by name.
 */
export async function openWorld(
  settings: Record<string, string> = {},
  { isRunning = true, log = testLog }: WorldOptions = {},
) {
  const infrastructure = await openTestInfrastructure();
  const simulator = await startSimulator({
    acceptAnyAgent: true,
    slots: 1_000,
    delayMs: 20,
    callbackRetryFirstMs: 50,
  });
  const config = testConfig(simulator, settings);
  const subgraph = await openSubgraph(AGENTS_SUBGRAPH, infrastructure, log);
  const targets = createTargets(config);
  const {
    RUN_TIMEOUT_SECONDS: timeoutSeconds,
    OPENCLAW_RUNS_MAX: runsMax,
    AGENTS_ADDED_BY: agentsAddedBy,
  } = config;
  const extend = extendContext({ timeoutSeconds, runsMax, agentsAddedBy, targets });
  const as = (actor: RequestActor): AgentsContext => extend(createRequestContext(subgraph, actor, log));
  const member = aPerson('Ada');
  const admin = person({ ...aPerson('Root'), workspaceRole: 'ADMIN' });

  const work = isRunning ? await workOnRuns(subgraph, config, targets) : null;
  if (!work) await as(member).transact((tx) => rememberTargets(tx, targets.names));
  const app = createHttpServer({ log, bodyBytesMax: 1_000, requestTimeoutMs: 10_000 });
  work?.routes?.(app);
  const port = await listen(app, '127.0.0.1', { setting: 'AGENTS_PORT', value: 0 });
  const callbackUrl = `http://127.0.0.1:${port}/agents/callback`;
  simulator.set({ callbackUrl });
  const schema = buildSubgraphSchema([
    { typeDefs: AGENTS_SUBGRAPH.typeDefs, resolvers: { ...SCALARS, ...AGENTS_SUBGRAPH.resolvers } as never },
  ]);

  const em = () => subgraph.orm.em.fork();
  const world = {
    infrastructure,
    subgraph,
    config,
    targets,
    simulator,
    callbackUrl,
    em,
    member,
    /** An admin of the workspace, who is in no project. */
    admin,
    /** A request by an actor. */
    as,
    /** A request by a member of every project of this world. */
    ctx: () => as(member),
    /** Executes a document as the gateway would send it. */
    async ask(
      source: string,
      variableValues: Record<string, unknown> = {},
      actor: RequestActor = member,
    ): Promise<Answer> {
      return execute({ schema, document: parse(source), variableValues, contextValue: as(actor) });
    },
    /** A project in which `member` has a role. */
    async project(role: 'VIEWER' | 'MEMBER' = 'MEMBER') {
      const projectId = randomUUID();
      await setGrant(em(), projectScope(projectId), member.id, role);
      return projectId;
    },
    /** A task, as the tasks subgraph would publish it; with the id of one that exists, a change of that task. */
    async task(overrides: TaskOverrides = {}) {
      const projectId = overrides.projectId ?? (await world.project());
      const taskId = overrides.taskId ?? randomUUID();
      const payload = { ...A_TASK, ...overrides, taskId, projectId };
      await world.ctx().transact(async (tx) => {
        tx.publish(TaskChanged, { stream: projectStream(projectId), subject: taskId, payload });
      });
      return taskId;
    },
    /** An agent of `member`, by default for all projects, as an admin would open it. */
    agent: (overrides: Record<string, unknown> = {}) =>
      createAgent(as({ ...member, workspaceRole: 'ADMIN' }), {
        name: 'Writer',
        slug: `agent-${randomBytes(4).toString('hex')}`,
        ...overrides,
      }),
    /** Starts a run in the name of `actor`. An agent and a task that are not named are created. */
    async start(
      overrides: { agentId?: string; taskId?: string } & Record<string, unknown> = {},
      actor: RequestActor = member,
    ) {
      const agentId = overrides.agentId ?? (await world.agent()).id;
      const taskId = overrides.taskId ?? (await world.task());
      return startRun(as(actor), {
        instruction: 'Draft it',
        whenBusy: 'REJECT',
        ...overrides,
        agentId,
        taskId,
      });
    },
    /** The run as it is now, with what its newest attempt holds. */
    async run(id: string) {
      const fork = em();
      const run = await fork.findOneOrFail(AgentRun, { id });
      const attempt = await fork.findOne(RunAttempt, { runId: id, number: run.attempt });
      const { sessionKey, requestBody, usage, isPromptCut } = attempt ?? {};
      return { ...run, sessionKey, requestBody, usage, isPromptCut };
    },
    /** Waits until an agent has a running run, and returns its id. */
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
    /** The steps of a run in their order, as its events tell them. */
    async steps(run: Pick<AgentRun, 'id' | 'projectId'>) {
      const filter = { subject: run.id, types: [RunChanged.type] };
      const events = await readEvents(em(), projectStream(run.projectId), 0, 100, filter);
      return events.map(({ payload }) => RunChanged.payload.parse(payload));
    },
    async states(run: Pick<AgentRun, 'id' | 'projectId'>): Promise<RunState[]> {
      return (await this.steps(run)).map(({ state }) => state);
    },
    /** What `AgentChanged` has told a project about an agent. */
    async agentEvents(projectId: string, agentId: string) {
      const filter = { types: [AgentChanged.type], subject: agentId };
      const events = await readEvents(em(), projectStream(projectId), 0, 1_000, filter);
      return events.map(({ payload }) => AgentChanged.payload.parse(payload));
    },
    /** Moves a run's clock: all its times, and those of its attempts and questions, become earlier. */
    age: (runId: string, seconds: number, tables?: readonly string[]) => ageRun(em(), runId, seconds, tables),
    /** Makes the target reachable, and ends its pause. */
    resume: () =>
      em().execute(
        'update agents.openclaw_target set paused_until = null, is_reachable = true, problem = null',
      ),
    /** Posts a report as the plugin in OpenClaw would. */
    callback: (report: Record<string, unknown>, options: Partial<ReportOptions> = {}) =>
      postReport(callbackUrl, report, { secret: simulator.callbackSecret, ...options }),
    async close() {
      await simulator.stop();
      await app.close();
      await work?.close();
      await subgraph.close();
      await infrastructure.close();
    },
  };
  return world;
}

/** An agent in a run, for the person who asked for the run. */
export const agentIn = (run: AgentRun, onBehalfOf: Person): AgentInRun => ({
  kind: 'agent',
  id: run.agentId,
  displayName: 'Writer',
  runId: run.id,
  scopes: [projectScope(run.projectId)],
  onBehalfOf,
});

const A_TASK = {
  ref: 'TB-1',
  title: 'Write the release notes',
  description: 'For 1.0',
  category: 'TODO',
  checklist: [],
  openBlockerRefs: [],
  changedFields: ['title'],
};

interface TaskOverrides {
  taskId?: string;
  projectId?: string;
  title?: string;
  category?: string;
  description?: string;
  checklist?: { text: string; isDone: boolean }[];
  openBlockerRefs?: string[];
}

const testConfig = (simulator: Simulator, settings: Record<string, string>) =>
  AgentsConfig.parse({
    GATEWAY_SIGNING_KEY: randomBytes(32).toString('hex'),
    DATABASE_URL: 'postgres://unused',
    REDIS_URL: 'redis://unused',
    OPENCLAW_URL: simulator.url,
    OPENCLAW_TOKEN: simulator.hooksToken,
    OPENCLAW_GATEWAY_TOKEN: simulator.gatewayToken,
    OPENCLAW_CALLBACK_SECRET: simulator.callbackSecret,
    DISPATCH_SWEEP_SECONDS: '1',
    ...settings,
  });
