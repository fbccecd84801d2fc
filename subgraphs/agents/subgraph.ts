import type { Infrastructure } from '../../platform/subgraph/infrastructure.ts';
import { type RunningSubgraph, type SideWork, startSubgraph } from '../../platform/subgraph/start.ts';
import type { Subgraph } from '../../platform/subgraph/subgraph.ts';
import { RunChanged } from '../../schema/events/agents.ts';
import { TaskChanged } from '../../schema/events/tasks.ts';
import { subgraphSdl } from '../../schema/sdl.ts';
import type { AgentsConfig } from './config.ts';
import { AGENTS_DATABASE } from './database.ts';
import { extendContext } from './loaders.ts';
import { LOCKS } from './locks.ts';
import { createTargets, type Targets } from './openclaw/targets.ts';
import { READERS } from './readers.ts';
import { Agent } from './resolvers/agent.ts';
import { AgentRun } from './resolvers/agent-run.ts';
import { AgentRunChanged } from './resolvers/agent-run-changed.ts';
import { AgentStatusChanged } from './resolvers/agent-status-changed.ts';
import { AgentWakePayload } from './resolvers/agent-wake-payload.ts';
import { Mutation } from './resolvers/mutation.ts';
import { Query } from './resolvers/query.ts';
import { RunAttempt } from './resolvers/run-attempt.ts';
import { RunQuestion } from './resolvers/run-question.ts';
import { Subscription } from './resolvers/subscription.ts';
import { Task } from './resolvers/task.ts';
import { serveCallback } from './runner/callback.ts';
import { startDispatcher } from './runner/dispatcher.ts';
import { startMonitor } from './runner/monitor.ts';
import { startReaper } from './runner/reaper.ts';
import { startReconciler } from './runner/reconciler.ts';

/** The agents subgraph, apart from its settings. */
export const AGENTS_SUBGRAPH = {
  name: 'agents',
  ...AGENTS_DATABASE,
  readers: READERS,
  locks: LOCKS,
  typeDefs: subgraphSdl('agents'),
  resolvers: {
    ...{ Query, Mutation, Subscription },
    ...{ Agent, AgentRun, RunAttempt, RunQuestion, Task },
    ...{ AgentWakePayload, AgentRunChanged, AgentStatusChanged },
  },
};

/** Starts the agents subgraph and the work on runs. */
export function startAgents(config: AgentsConfig, lent?: Infrastructure): Promise<RunningSubgraph> {
  const targets = createTargets(config);
  const settings = {
    timeoutSeconds: config.RUN_TIMEOUT_SECONDS,
    runsMax: config.OPENCLAW_RUNS_MAX,
    agentsAddedBy: config.AGENTS_ADDED_BY,
    targets,
  };
  return startSubgraph(
    config,
    {
      ...AGENTS_SUBGRAPH,
      extendContext: extendContext(settings),
      retention: [
        { table: 'callback', timeColumn: 'received_at', days: config.RETENTION_CALLBACKS_DAYS },
        { table: 'run_activity', timeColumn: 'occurred_at', days: config.RETENTION_ACTIVITIES_DAYS },
      ],
      port: { setting: 'AGENTS_PORT', value: config.AGENTS_PORT },
      begin: (subgraph) => workOnRuns(subgraph, config, targets),
    },
    lent,
  );
}

/** Starts what hands runs to OpenClaw, ends those that do not end by themselves, and receives OpenClaw's reports. */
export async function workOnRuns(
  subgraph: Subgraph,
  config: AgentsConfig,
  targets: Targets,
): Promise<SideWork> {
  const limits = { runsMax: config.OPENCLAW_RUNS_MAX, leaseSeconds: config.DISPATCH_LEASE_SECONDS };
  const sweepSeconds = config.DISPATCH_SWEEP_SECONDS;
  const dispatcher = startDispatcher(subgraph, targets, limits, sweepSeconds);
  const reaper = startReaper(subgraph, targets, sweepSeconds);
  const reconciler = startReconciler(subgraph, targets, config.RECONCILE_AFTER_SECONDS, sweepSeconds);
  const monitor = await startMonitor(subgraph, targets, config.OPENCLAW_HEALTH_SECONDS, dispatcher.wake);
  const unlisten = await subgraph.doorbell.listen(({ types }) => {
    if (types.includes(RunChanged.type) || types.includes(TaskChanged.type)) dispatcher.wake();
    if (types.includes(RunChanged.type)) reaper.wake();
  });
  return {
    routes: (app) => serveCallback(app, subgraph, targets),
    async close() {
      unlisten();
      await Promise.all([dispatcher, reaper, reconciler, monitor].map((loop) => loop.close()));
    },
  };
}
