import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../platform/testing/wait.ts';
import { hookBody, run } from './client.ts';
import { installOpenClaw } from './openclaw-installation.ts';
import { type GatewaySetup, runCommand, startGateway, writeSettings } from './openclaw-process.ts';
import { startReceiver } from './receiver.ts';
import { startStubModel } from './stub-model.ts';
import { AGENTS, SESSION_KEY_PREFIXES, type Subject } from './subject.ts';

const pluginFolder = fileURLToPath(new URL('../openclaw-plugin', import.meta.url));
const HOOKS_TOKEN = 'hooks-token-for-loopback-tests';
const GATEWAY_TOKEN = 'gateway-token-for-loopback-tests';
const SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

/**
 * Starts the real OpenClaw with our plugin and a stub model. `close` removes its state folder.
 *
 * OpenClaw is installed in `cacheFolder` unless it is there. The same folder has the gateway's log, `gateway.log`.
 */
export async function startRealSubject(cacheFolder: string): Promise<Subject> {
  const program = await installOpenClaw(cacheFolder);
  const logFile = path.join(cacheFolder, 'gateway.log');
  await rm(logFile, { force: true });
  const [model, receiver, port] = await Promise.all([startStubModel(), startReceiver(SECRET), freePort()]);
  const stateFolder = await mkdtemp(path.join(tmpdir(), 'team-board-openclaw-'));
  for (const agent of AGENTS) await mkdir(path.join(stateFolder, 'workspaces', agent), { recursive: true });
  const setup = { program, stateFolder, logFile, port };
  await writeSettings(setup, settingsOf(setup, model.url));
  await installPlugin(setup, { url: receiver.url, secret: SECRET });
  let gateway = await startGateway(setup);
  const subject: Subject = {
    name: 'real',
    url: `http://127.0.0.1:${port}`,
    hooksToken: HOOKS_TOKEN,
    gatewayToken: GATEWAY_TOKEN,
    receiver,
    admissionTimeoutMs: 15_000,
    settleMs: 3000,
    modelCalls: model.calls,
    async restart(signal) {
      await gateway.stop(signal);
      gateway = await startGateway(setup);
    },
    async close() {
      await gateway.stop('SIGKILL');
      await Promise.all([model.close(), receiver.stopListening()]);
      await rm(stateFolder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  await warmUp(subject);
  return subject;
}

/** The settings of a gateway on loopback with the agents of the suite and the stub model. */
function settingsOf({ stateFolder, port }: GatewaySetup, modelUrl: string) {
  const provider = (name: string) => ({
    baseUrl: modelUrl,
    apiKey: `key-of-${name}`,
    api: 'openai-completions',
    models: [{ id: 'stub', name: 'Stub', ...MODEL }],
  });
  const workspace = (agent: string) => path.join(stateFolder, 'workspaces', agent);
  return {
    gateway: {
      mode: 'local',
      port,
      bind: 'loopback',
      auth: { mode: 'token', token: GATEWAY_TOKEN },
      controlUi: { enabled: false },
      http: { endpoints: { chatCompletions: { enabled: true } } },
    },
    agents: {
      ownership: 'explicit',
      defaults: {
        systemAgent: { agentId: 'main' },
        model: { primary: 'stub/stub' },
        workspace: workspace('main'),
        skipBootstrap: true,
        heartbeat: { every: '0m' },
      },
      entries: {
        main: {},
        researcher: { workspace: workspace('researcher') },
        unlucky: { workspace: workspace('unlucky'), model: { primary: 'unlucky/stub' } },
      },
    },
    models: { mode: 'replace', providers: { stub: provider('stub'), unlucky: provider('unlucky') } },
    tools: { profile: 'minimal' },
  };
}

const MODEL = {
  reasoning: false,
  input: ['text'],
  cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  contextWindow: 128_000,
  maxTokens: 4096,
};

/** Runs the three commands of openclaw-plugin/README.md, so that the suite tests them. */
async function installPlugin(setup: GatewaySetup, config: object): Promise<void> {
  const set = (name: string, value: object) =>
    runCommand(setup, 'config', 'set', name, JSON.stringify(value), '--strict-json', '--merge');
  await runCommand(setup, 'plugins', 'install', pluginFolder, '--force', '--accept-capabilities');
  await set('hooks', {
    enabled: true,
    token: HOOKS_TOKEN,
    allowedAgentIds: AGENTS,
    allowRequestSessionKey: true,
    allowedSessionKeyPrefixes: SESSION_KEY_PREFIXES,
  });
  const hooks = { allowConversationAccess: true };
  await set('plugins.entries.team-board-callback', { enabled: true, hooks, config });
}

/** Waits for a first success. A new OpenClaw is ready before its files exist: its first runs fail without an event. */
const warmUp = (subject: Subject) =>
  until('a first run succeeds', async () => {
    const { body } = await run(subject, hookBody(`hook:${randomUUID()}`, '[[say=x]]'));
    return body.completion?.status === 'ok';
  });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
