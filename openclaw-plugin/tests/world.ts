import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import { until } from '../../platform/testing/wait.ts';

interface Plugin {
  id: string;
  register(api: unknown): void;
}

// The plugin is plain JavaScript without declarations, so its type is stated here.
const entry: string = '../index.mjs';
const { createPlugin } = (await import(entry)) as { createPlugin(options: { clock: unknown }): Plugin };

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export interface Post {
  /** The time of arrival, by the world's clock. */
  at: number;
  headers: IncomingHttpHeaders;
  raw: string;
  // biome-ignore lint/suspicious/noExplicitAny: the assertions check the body
  body: any;
}

type Answer = number | { status: number; headers?: Record<string, string> } | 'hold';

/** A clock that only `advance` moves. It starts at the real time, because signatures are checked against it. */
function createClock() {
  let now = Date.now();
  const timers = new Set<{ at: number; run: () => void }>();
  const next = () => [...timers].sort((a, b) => a.at - b.at)[0];
  return {
    now: () => now,
    /** The middle of the range: delays have no jitter. */
    random: () => 0.5,
    after(ms: number, run: () => void) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms: number) {
      const end = now + ms;
      for (let due = next(); due && due.at <= end; due = next()) {
        timers.delete(due);
        now = due.at;
        due.run();
      }
      now = end;
    },
    nextInMs: () => {
      const due = next();
      return due && due.at - now;
    },
  };
}

async function startReceiver(now: () => number) {
  const posts: Post[] = [];
  const held: ServerResponse[] = [];
  const receiver = {
    posts,
    held,
    /** The answers to the next posts, in order; after that `defaultAnswer`. */
    answers: [] as Answer[],
    defaultAnswer: 200 as Answer,
    url: '',
    /** Called when a post arrives, before it is answered. */
    onPost: (_post: Post): void | Promise<void> => {},
    release: (status = 200) => {
      for (const response of held.splice(0)) response.writeHead(status).end();
    },
    until: (count: number) => until(`${count} posts`, () => posts.length >= count && posts),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString();
    const post = { at: now(), headers: request.headers, raw, body: JSON.parse(raw) };
    await receiver.onPost(post);
    posts.push(post);
    const answer = receiver.answers.shift() ?? receiver.defaultAnswer;
    if (answer === 'hold') held.push(response);
    else if (typeof answer === 'number') response.writeHead(answer).end();
    else response.writeHead(answer.status, answer.headers).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/agents/callback`;
  return receiver;
}

type Handler = (event: unknown, ctx: unknown) => unknown;

/** One registration in OpenClaw. It keeps the plugin's handlers and calls them as OpenClaw does. */
function createApi(pluginConfig: unknown, stateFolder: string, log: string[]) {
  const hooks = new Map<string, Handler>();
  const subscriptions: { streams: string[]; handle: Handler }[] = [];
  const logger = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [
      level,
      (text: string) => log.push(`${level} ${text}`),
    ]),
  );
  return {
    pluginConfig,
    logger,
    runtime: { state: { resolveStateDir: () => stateFolder } },
    on: (name: string, handler: Handler) => hooks.set(name, handler),
    agent: {
      events: {
        registerAgentEventSubscription: (subscription: (typeof subscriptions)[number]) =>
          subscriptions.push(subscription),
      },
    },
    hooks,
    subscriptions,
    call: async (name: string, event: unknown = {}, ctx: unknown = {}) => hooks.get(name)?.(event, ctx),
    emit: async (event: { stream: string; [name: string]: unknown }) => {
      for (const { streams, handle } of subscriptions)
        if (streams.includes(event.stream)) await handle(structuredClone(event), {});
    },
  };
}

const opened = new Set<{ close(): Promise<void> }>();

/** Closes every world that a test opened. Pass it to `afterEach`. */
export async function closeWorlds() {
  for (const world of opened) await world.close();
  opened.clear();
}

const resetSharedState = () => Reflect.deleteProperty(globalThis, Symbol.for('team-board-callback'));

/** Registers the plugin twice, as OpenClaw does, with a receiver for its posts, a clock and an empty state folder. */
export async function openWorld(config: Record<string, unknown> = {}) {
  const stateFolder = await mkdtemp(path.join(tmpdir(), 'team-board-callback-'));
  const log: string[] = [];
  let clock = createClock();
  const receiver = await startReceiver(() => clock.now());
  const outboxFolder = path.join(stateFolder, 'team-board-callback');
  const load = () => {
    const api = () => createApi({ url: receiver.url, secret: SECRET, ...config }, stateFolder, log);
    const both = { hooks: api(), events: api() };
    for (const registration of [both.hooks, both.events]) createPlugin({ clock }).register(registration);
    return both;
  };
  let gateway = load();
  const jsonIn = async (folder: string) =>
    (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));

  const world = {
    receiver,
    log,
    outboxFolder,
    get clock() {
      return clock;
    },
    get gateway() {
      return gateway;
    },
    /** Sends the events of a run from its start to its end, as OpenClaw does. */
    async run(options: RunOptions = {}) {
      const run = makeRun(options, clock.now());
      await gateway.events.emit(run.start);
      for (const messages of run.attempts)
        await gateway.hooks.call('agent_end', { runId: run.runId, messages, success: true }, run.ctx);
      await gateway.events.emit(run.end);
      return run;
    },
    start: () => gateway.hooks.call('gateway_start'),
    stop: () => gateway.hooks.call('gateway_stop'),
    /** Simulates SIGKILL and a new start of OpenClaw after `downMs`. */
    async killAndStart(downMs = 0) {
      const killedAt = clock.now();
      clock = createClock();
      clock.advance(killedAt - clock.now() + downMs);
      resetSharedState();
      gateway = load();
      await world.start();
    },
    /** Waits until the plugin has set a timer, advances the clock to it, and returns by how many milliseconds. */
    async advanceToNextTimer() {
      const ms = await until('a timer is set', () => clock.nextInMs());
      clock.advance(ms);
      return ms;
    },
    outbox: () => jsonIn(outboxFolder),
    dead: () => jsonIn(path.join(outboxFolder, 'dead')),
    untilLogged: (part: string) =>
      until(`the log line "${part}"`, () => log.find((line) => line.includes(part))),
    untilEmpty: () => until('the outbox is empty', async () => (await jsonIn(outboxFolder)).length === 0),
    async close() {
      receiver.close();
      resetSharedState();
      await rm(stateFolder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  opened.add(world);
  return world;
}

export interface RunOptions {
  sessionKey?: string;
  runId?: string;
  /** The messages of each attempt; by default one attempt with an answer. */
  attempts?: unknown[][];
  /** Further data of the end event. */
  end?: Record<string, unknown>;
}

let runs = 0;

/** Creates the events of one run, as observed in OpenClaw 2026.9.6. */
export function makeRun(options: RunOptions, now: number) {
  const { sessionKey = 'agent:main:task:1', runId = `run-${++runs}`, end = {} } = options;
  const about = { runId, sessionKey, sessionId: 'session-1', agentId: 'main', stream: 'lifecycle', ts: now };
  const data = { phase: 'end', executionSettled: true, startedAt: now + 20, endedAt: now + 460, ...end };
  return {
    runId,
    ctx: {
      runId,
      sessionKey,
      sessionId: 'session-1',
      agentId: 'main',
      trigger: 'cron',
      modelProviderId: 'stub',
      modelId: 'stub-1',
    },
    start: { ...about, data: { phase: 'start', startedAt: now } },
    attempts: options.attempts ?? [[user('do it'), assistant('final text')]],
    end: { ...about, data },
  };
}

export const user = (content: string) => ({ role: 'user', content });
export const assistant = (text: string, more: Record<string, unknown> = {}) => ({
  role: 'assistant',
  content: text ? [{ type: 'text', text }] : [],
  provider: 'stub',
  model: 'stub-1',
  usage: { input: 100, output: 20, totalTokens: 120 },
  stopReason: 'stop',
  ...more,
});
export const failed = (errorMessage: string) => assistant('', { stopReason: 'error', errorMessage });

/** Returns the signature that the reference library creates for a post. */
export const expectedSignature = ({ headers, raw }: Post, secret = SECRET) =>
  new Webhook(secret).sign(
    String(headers['webhook-id']),
    new Date(Number(headers['webhook-timestamp']) * 1000),
    raw,
  );
