import type { Infrastructure, Room } from '../../platform/room.ts';
import { type RunningSubgraph, type SideWork, startSubgraph } from '../../platform/subgraph.ts';
import { RunChanged } from '../../schema/events/agents.ts';
import { roomSdl } from '../../schema/sdl.ts';
import type { AgentsConfig } from './config.ts';
import { consumers } from './consumers.ts';
import { AGENTS_DATABASE } from './database.ts';
import { extendContext } from './loaders.ts';
import { serveCallback } from './openclaw/callback.ts';
import { createOpenClaw } from './openclaw/client.ts';
import { startDispatcher } from './openclaw/dispatcher.ts';
import { startReaper } from './openclaw/reaper.ts';
import { startReconciler } from './openclaw/reconciler.ts';
import { Mutation } from './resolvers/mutation.ts';
import { Query } from './resolvers/query.ts';
import { Subscription } from './resolvers/subscription.ts';
import * as types from './resolvers/types.ts';

/** Starts the room of agents and their runs. */
export const startAgents = (config: AgentsConfig, lent?: Infrastructure): Promise<RunningSubgraph> =>
  startSubgraph(
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
      }),
      port: { setting: 'AGENTS_PORT', value: config.AGENTS_PORT },
      begin: (room) => workWithOpenClaw(room, config),
    },
    lent,
  );

/** Hands runs over, ends those that do not end by themselves, and listens for what OpenClaw reports. */
export async function workWithOpenClaw(room: Room, config: AgentsConfig): Promise<SideWork> {
  const openClaw = createOpenClaw(config);
  const limits = { runsMax: config.OPENCLAW_RUNS_MAX, leaseSeconds: config.DISPATCH_LEASE_SECONDS };
  const dispatcher = startDispatcher(room, openClaw, limits, config.DISPATCH_SWEEP_SECONDS);
  const reaper = startReaper(room, openClaw, config.DISPATCH_SWEEP_SECONDS);
  const reconciler = startReconciler(
    room,
    openClaw,
    config.RECONCILE_AFTER_SECONDS,
    config.DISPATCH_SWEEP_SECONDS,
  );
  const unlisten = await room.doorbell.listen(({ types }) => {
    if (!types.includes(RunChanged.type)) return;
    dispatcher.wake();
    reaper.wake();
  });
  return {
    routes: (app) => serveCallback(app, room, config.OPENCLAW_CALLBACK_SECRET),
    async close() {
      unlisten();
      await Promise.all([dispatcher, reaper, reconciler].map((loop) => loop.close()));
    },
  };
}
