import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { WebSocketServer } from 'ws';
import { control, type RestartOptions } from './control.ts';
import type { FaultsChange } from './faults.ts';
import { createGateway, createMemory, type Gateway } from './gateway.ts';
import { history } from './history.ts';
import { hooks } from './hooks.ts';
import { send } from './http.ts';
import type { SimulatorOptions } from './options.ts';
import { models, probe } from './probes.ts';
import { recoverRun, type StopCause } from './run.ts';
import { attachWebSocket } from './websocket.ts';

/** Changes that a test may make while the simulator runs. */
export interface SimulatorChange extends FaultsChange {
  /** The new address for callbacks; null sends none. For a receiver that starts after the simulator. */
  callbackUrl?: string | null | undefined;
}

/** Long enough for clients in the same process to notice that their kept-alive connections were cut. */
const RESTART_MS = 20;

export type SimulatorState = ReturnType<typeof stateOf>;

/** A running simulator of an OpenClaw gateway. */
export interface Simulator {
  /** `http://host:port`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  readonly hooksToken: string;
  readonly gatewayToken: string;
  readonly callbackSecret: string;
  set(change: SimulatorChange): void;
  state(): SimulatorState;
  /** Resolves when no run is active or waiting and every callback was delivered. */
  idle(): Promise<void>;
  /**
   * Simulates SIGKILL, or with `drain` SIGTERM, and a new start on the same port. Running runs, waiting posts and
   * idempotency keys are lost; histories and unsent callbacks are kept. All connections are cut but `exceptSocket`.
   */
  restart(options?: RestartOptions, exceptSocket?: Socket): Promise<void>;
  /** Stops at once, or with `drain` as after SIGTERM: waits for running runs and delivers their callbacks. */
  stop(options?: { drain?: boolean }): Promise<void>;
}

/**
 * Starts a simulator of the HTTP and WebSocket contract of OpenClaw 2026.9.6, on loopback by default.
 * Rejects when the port is in use.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const gateway = createGateway(options);
  const { settings } = gateway;
  const server = createServer((request, response) => handle(gateway, simulator, request, response));
  const webSockets = attachWebSocket(gateway, server);
  const connections = trackConnections(server);
  await listen(server, settings.host, settings.port);
  const { port } = server.address() as AddressInfo;

  let isStopped = false;
  const simulator: Simulator = {
    url: `http://${settings.host}:${port}`,
    port,
    hooksToken: settings.hooksToken,
    gatewayToken: settings.gatewayToken,
    callbackSecret: settings.callbackSecret,
    set: ({ callbackUrl, ...faults }) => {
      if (callbackUrl !== undefined) settings.callbackUrl = callbackUrl;
      gateway.faults.set(faults);
    },
    state: () => stateOf(gateway),
    idle: () => idle(gateway),
    async restart({ downMs = RESTART_MS, recover = false, drain = false } = {}, exceptSocket) {
      if (drain) await drainGateway(gateway);
      const interrupted = kill(gateway).filter((run) => run.isPersistent);
      cutConnections(connections, exceptSocket);
      server.close();
      await pause(downMs);
      if (isStopped) return;
      await listen(server, settings.host, port);
      gateway.isDraining = false;
      gateway.outbox.resume();
      if (recover) for (const run of interrupted) recoverRun(gateway, run);
    },
    async stop({ drain = false } = {}) {
      if (drain) await drainGateway(gateway);
      isStopped = true;
      kill(gateway);
      await closeAll(server, webSockets, connections);
    },
  };
  return simulator;
}

function handle(
  gateway: Gateway,
  simulator: Simulator,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.setHeader('x-openclaw-simulator', 'true');
  route(gateway, simulator, request, response).catch((error: unknown) => {
    gateway.settings.log.warn({ err: error }, 'simulator.request-failed');
    if (!response.headersSent) send.refusal(response, 500, 'the simulator failed');
  });
}

async function route(
  gateway: Gateway,
  simulator: Simulator,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const url = URL.parse(request.url ?? '/', 'http://simulator');
  const path = url?.pathname ?? '';
  if (!url || probe(gateway, request, response, path)) return;
  if (path === '/hooks' || path.startsWith('/hooks/')) return hooks(gateway, request, response, url);
  if (path.startsWith('/sessions/')) return history(gateway, request, response, url);
  if (path === '/v1/models') return models(gateway, request, response);
  if (path === '/__simulator') return control(simulator, request, response);
  send.notFound(response);
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
}

function trackConnections(server: Server): Set<Socket> {
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  return connections;
}

function cutConnections(connections: Set<Socket>, exceptSocket?: Socket): void {
  for (const socket of connections) if (socket !== exceptSocket) socket.destroy();
}

/** Loses the gateway's memory as SIGKILL does. Returns the runs that were running. */
function kill(gateway: Gateway) {
  const running = [...gateway.memory.running];
  gateway.outbox.pause();
  gateway.memory.admission.refuseWaiting('killed');
  for (const run of running) run.control.abort('killed' satisfies StopCause);
  gateway.memory = createMemory(gateway.settings, gateway.counters);
  return running;
}

async function idle({ memory, outbox }: Gateway): Promise<void> {
  while (memory.running.size > 0 || memory.admission.waiting() > 0) {
    await Promise.all([...memory.running].map((run) => run.ended));
    // A waiting run starts a moment after the previous run has ended.
    await pause(1);
  }
  await outbox.empty();
}

async function drainGateway(gateway: Gateway): Promise<void> {
  const { memory, outbox, settings } = gateway;
  gateway.isDraining = true;
  memory.admission.refuseWaiting('draining');
  const ends = Promise.all([...memory.running].map((run) => run.ended));
  await withinMs(ends, settings.drainMs);
  await withinMs(outbox.empty(), settings.callbackDrainMs);
}

async function withinMs(work: Promise<unknown>, boundMs: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work, pause(boundMs, undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}

async function closeAll(
  server: Server,
  webSockets: WebSocketServer,
  connections: Set<Socket>,
): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  webSockets.close();
  cutConnections(connections);
  await closed;
}

function stateOf({ counters, memory, outbox, faults, isDraining }: Gateway) {
  const { posts, runsStarted, postsReceived, badTokens, runsEndedOk, runsEndedInError, modelCalls } =
    counters;
  const { concurrentMax, callbackAttempts, callbacksDelivered } = counters;
  return {
    isDraining,
    postsReceived,
    badTokens,
    posts: [...posts],
    runsStarted: { ...runsStarted },
    runsStartedTotal: Object.values(runsStarted).reduce((sum, runs) => sum + runs, 0),
    runsRunning: memory.running.size,
    admissionsWaiting: memory.admission.waiting(),
    runsEndedOk,
    runsEndedInError,
    modelCalls,
    concurrentMax,
    callbackAttempts,
    callbacksDelivered,
    callbacksPending: outbox.pending(),
    faults: faults.current(),
  };
}
