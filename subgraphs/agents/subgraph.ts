import type { Infrastructure, Room } from '../../platform/room.ts';
import { type RunningSubgraph, type SideWork, startSubgraph } from '../../platform/subgraph.ts';
import { RunChanged } from '../../schema/events/agents.ts';
import { TaskChanged } from '../../schema/events/tasks.ts';
import { roomSdl } from '../../schema/sdl.ts';
import type { AgentsConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { AGENTS_DATABASE } from './database.ts';
import { extendContext } from './loaders.ts';
import { serveCallback } from './openclaw/callback.ts';
import { startDispatcher } from './openclaw/dispatcher.ts';
import { startMonitor } from './openclaw/monitor.ts';
import { startReaper } from './openclaw/reaper.ts';
import { startReconciler } from './openclaw/reconciler.ts';
import { createTargets, type Targets } from './openclaw/targets.ts';
import { Mutation } from './resolvers/mutation.ts';
import { Query } from './resolvers/query.ts';
import { Subscription } from './resolvers/subscription.ts';
import * as types from './resolvers/types.ts';

/** Starts the room of agents and their runs. */
export function startAgents(config: AgentsConfig, lent?: Infrastructure): Promise<RunningSubgraph> {
  const targets = createTargets(config);
  return startSubgraph(
    config,
    {
      name: 'agents',
      ...AGENTS_DATABASE,
      reactions: consumers,
      typeDefs: roomSdl('agents'),
      resolvers: { Query, Mutation, Subscription, ...types },
      extendContext: extendContext({
        timeoutSeconds: config.RUN_TIMEOUT_SECONDS,
        runsMax: config.OPENCLAW_RUNS_MAX,
        targets,
      }),
      port: { setting: 'AGENTS_PORT', value: config.AGENTS_PORT },
      begin: (room) => workWithOpenClaw(room, config, targets),
    },
    lent,
  );
}

/** Hands runs over, ends those that do not end by themselves, and listens for what OpenClaw reports. */
export async function workWithOpenClaw(
  room: Room,
  config: AgentsConfig,
  targets: Targets,
): Promise<SideWork> {
  const limits = { runsMax: config.OPENCLAW_RUNS_MAX, leaseSeconds: config.DISPATCH_LEASE_SECONDS };
  const sweepSeconds = config.DISPATCH_SWEEP_SECONDS;
  const dispatcher = startDispatcher(room, targets, limits, sweepSeconds);
  const reaper = startReaper(room, targets, sweepSeconds);
  const reconciler = startReconciler(room, targets, config.RECONCILE_AFTER_SECONDS, sweepSeconds);
  const monitor = await startMonitor(room, targets, config.OPENCLAW_HEALTH_SECONDS, dispatcher.wake);
  const unlisten = await room.doorbell.listen(({ types: heard }) => {
    if (heard.includes(RunChanged.type) || heard.includes(TaskChanged.type)) dispatcher.wake();
    if (heard.includes(RunChanged.type)) reaper.wake();
  });
  return {
    routes: (app) => serveCallback(app, room, config.OPENCLAW_CALLBACK_SECRET),
    async close() {
      unlisten();
      await Promise.all([dispatcher, reaper, reconciler, monitor].map((loop) => loop.close()));
    },
  };
}
