import { randomBytes, randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import { Webhook } from 'standardwebhooks';
import { type Simulator, startSimulator } from '../../../openclaw-simulator/simulator.ts';
import { readEvents } from '../../../platform/event-log.ts';
import { setGrant } from '../../../platform/grants.ts';
import { createRequestContext, openRoom } from '../../../platform/room.ts';
import { openTestInfrastructure, testLog } from '../../../platform/testing/infrastructure.ts';
import { until } from '../../../platform/testing/wait.ts';
import { RunChanged, type RunState } from '../../../schema/events/agents.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { TaskChanged } from '../../../schema/events/tasks.ts';
import { AgentsConfig } from '../config.ts';
import { consumers } from '../consumers.ts';
import { AGENTS_DATABASE } from '../database.ts';
import { AgentRun } from '../entities/agent-run.ts';
import { type AgentsContext, extendContext } from '../loaders.ts';
import { createAgent } from '../operations/create-agent.ts';
import { startRun } from '../operations/start-run.ts';
import { workWithOpenClaw } from '../subgraph.ts';

const HOOKS_TOKEN = 'hooks-token-of-the-tests';
const GATEWAY_TOKEN = 'gateway-token-of-the-tests';

/**
 * The room of agents on a database of its own, with the simulator as OpenClaw and the callback's route,
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
  const room = await openRoom(
    { name: 'agents', ...AGENTS_DATABASE, reactions: consumers },
    infrastructure,
    testLog,
  );
  const work = await workWithOpenClaw(room, config);
  const app = Fastify();
  work.routes?.(app);
  const callbackUrl = `${await app.listen({ host: '127.0.0.1', port: 0 })}/agents/callback`;
  simulator.set({ callbackUrl });

  const em = () => room.orm.em.fork();
  const member = { id: randomUUID(), displayName: 'Ada', avatarUrl: null };
  const as = (viewer: typeof member): AgentsContext =>
    extendContext({ timeoutSeconds: config.RUN_TIMEOUT_SECONDS, runsMax: config.OPENCLAW_RUNS_MAX })(
      createRequestContext(room, viewer, testLog),
    );

  const world = {
    room,
    config,
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
    /** A task, as the room of tasks would publish it. */
    async task(overrides: { projectId?: string; title?: string; description?: string } = {}) {
      const projectId = overrides.projectId ?? (await world.project());
      const taskId = randomUUID();
      await world.ctx().transact(async (tx) => {
        tx.publish(TaskChanged, {
          stream: projectStream(projectId),
          subject: taskId,
          payload: {
            taskId,
            projectId,
            ref: 'TB-1',
            title: overrides.title ?? 'Write the release notes',
            description: overrides.description ?? 'For 1.0',
            category: 'TODO',
            changedFields: ['title'],
          },
        });
      });
      return taskId;
    },
    agent: (overrides: Record<string, unknown> = {}) =>
      createAgent(world.ctx(), {
        name: 'Writer',
        slug: `agent-${randomBytes(4).toString('hex')}`,
        model: 'claude-opus-4-5',
        maxConcurrent: 1,
        isEnabled: true,
        ...overrides,
      }),
    /** Starts a run; what is not named is made for it. */
    async start(overrides: { agentId?: string; taskId?: string } & Record<string, unknown> = {}) {
      const agentId = overrides.agentId ?? (await world.agent()).id;
      const taskId = overrides.taskId ?? (await world.task());
      const input = { instruction: 'Draft it', whenBusy: 'REJECT', ...overrides, agentId, taskId };
      return startRun(world.ctx(), input, { timeoutSeconds: config.RUN_TIMEOUT_SECONDS });
    },
    /** The run as it is now. */
    run: (id: string) => em().findOneOrFail(AgentRun, { id }),
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
    /** Moves a run's clock: all its times are that much earlier. */
    age: (runId: string, seconds: number) =>
      em().execute(
        `update agents.agent_run set
           deadline_at = deadline_at - make_interval(secs => ?), lease_until = lease_until - make_interval(secs => ?),
           started_at = started_at - make_interval(secs => ?), checked_at = checked_at - make_interval(secs => ?),
           queued_at = queued_at - make_interval(secs => ?), next_hand_over_at = next_hand_over_at - make_interval(secs => ?)
         where id = ?`,
        [seconds, seconds, seconds, seconds, seconds, seconds, runId],
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
      await room.close();
      await infrastructure.close();
    },
  };
  return world;
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
