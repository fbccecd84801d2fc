import { type RunningSubgraph, type SideWork, startSubgraph } from '../../platform/subgraph/start.ts';
import type { Infrastructure, Subgraph } from '../../platform/subgraph/subgraph.ts';
import { RunChanged } from '../../schema/events/agents.ts';
import { TaskChanged } from '../../schema/events/tasks.ts';
import { subgraphSdl } from '../../schema/sdl.ts';
import type { AgentsConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { AGENTS_DATABASE } from './database.ts';
import { extendContext } from './loaders.ts';
import { createTargets, type Targets } from './openclaw/targets.ts';
import { Mutation } from './resolvers/mutation.ts';
import { Query } from './resolvers/query.ts';
import { Subscription } from './resolvers/subscription.ts';
import * as types from './resolvers/types.ts';
import { serveCallback } from './runner/callback.ts';
import { startDispatcher } from './runner/dispatcher.ts';
import { startMonitor } from './runner/monitor.ts';
import { startReaper } from './runner/reaper.ts';
import { startReconciler } from './runner/reconciler.ts';

/** Starts the agents subgraph and their runs. */
export function startAgents(config: AgentsConfig, lent?: Infrastructure): Promise<RunningSubgraph> {
  const targets = createTargets(config);
  return startSubgraph(
    config,
    {
      name: 'agents',
      ...AGENTS_DATABASE,
      reactions: consumers,
      typeDefs: subgraphSdl('agents'),
      resolvers: { Query, Mutation, Subscription, ...types },
      extendContext: extendContext({
        timeoutSeconds: config.RUN_TIMEOUT_SECONDS,
        runsMax: config.OPENCLAW_RUNS_MAX,
        targets,
      }),
      port: { setting: 'AGENTS_PORT', value: config.AGENTS_PORT },
      begin: (subgraph) => workWithOpenClaw(subgraph, config, targets),
    },
    lent,
  );
}

/** Hands runs over, ends those that do not end by themselves, and listens for what OpenClaw reports. */
export async function workWithOpenClaw(
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
  const unlisten = await subgraph.doorbell.listen(({ types: heard }) => {
    if (heard.includes(RunChanged.type) || heard.includes(TaskChanged.type)) dispatcher.wake();
    if (heard.includes(RunChanged.type)) reaper.wake();
  });
  return {
    routes: (app) => serveCallback(app, subgraph, config.OPENCLAW_CALLBACK_SECRET),
    async close() {
      unlisten();
      await Promise.all([dispatcher, reaper, reconciler, monitor].map((loop) => loop.close()));
    },
  };
}
