import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { until } from '../platform/testing/wait.ts';
import type { Signal } from './subject.ts';

/** The files and the port of one gateway. */
export interface GatewaySetup {
  /** The path of `openclaw.mjs`. */
  program: string;
  /** The folder to which OpenClaw writes all its files. */
  stateFolder: string;
  /** The output of the gateway is appended to this file, over all restarts. */
  logFile: string;
  port: number;
}

const COMMAND_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 180_000;
/** Longer than any run that is active when a case sends SIGTERM. */
const STOP_TIMEOUT_MS = 60_000;

/** One process of the real gateway. */
export interface GatewayProcess {
  stop(signal: Signal): Promise<void>;
}

/** Writes OpenClaw's settings as JSON. */
export const writeSettings = ({ stateFolder }: GatewaySetup, settings: object) =>
  writeFile(settingsFile(stateFolder), `${JSON.stringify(settings, null, 2)}\n`);

/** Runs one `openclaw …` command to its end. Throws with its output when it fails. */
export const runCommand = (setup: GatewaySetup, ...words: string[]) =>
  promisify(execFile)(process.execPath, [setup.program, ...words], {
    cwd: setup.stateFolder,
    env: environmentOf(setup),
    timeout: COMMAND_TIMEOUT_MS,
  });

/** Starts the gateway and resolves when it is ready, after 15 to 40 s. Throws with the end of its log when it exits. */
export async function startGateway(setup: GatewaySetup): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [setup.program, 'gateway', 'run'], {
    cwd: setup.stateFolder,
    env: environmentOf(setup),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // The gateway uses 1 GB and must not survive a failed suite.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  const log = createWriteStream(setup.logFile, { flags: 'a' });
  let logEnd = '';
  for (const output of [child.stdout, child.stderr]) {
    output.pipe(log, { end: false });
    output.on('data', (chunk: Buffer) => {
      logEnd = (logEnd + chunk.toString()).slice(-4000);
    });
  }
  const isReady = () => {
    if (child.exitCode !== null) throw new Error(`OpenClaw ended with ${child.exitCode}:\n${logEnd}`);
    return fetch(`http://127.0.0.1:${setup.port}/readyz`, { signal: AbortSignal.timeout(5000) }).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await until('the gateway is ready', isReady, START_TIMEOUT_MS).catch(async (error: unknown) => {
    await end(child, 'SIGKILL');
    throw error;
  });
  return { stop: (signal) => end(child, signal) };
}

/** Ends the process. Kills it when it ignores SIGTERM for STOP_TIMEOUT_MS. */
async function end(child: ChildProcess, signal: Signal): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

const settingsFile = (stateFolder: string) => path.join(stateFolder, 'openclaw.json');

/** The environment of the gateway under test. It inherits nothing from this process or from the user's own OpenClaw. */
const environmentOf = ({ stateFolder }: GatewaySetup) => ({
  PATH: path.dirname(process.execPath),
  HOME: stateFolder,
  USERPROFILE: stateFolder,
  TMPDIR: stateFolder,
  OPENCLAW_HOME: stateFolder,
  OPENCLAW_STATE_DIR: stateFolder,
  OPENCLAW_CONFIG_PATH: settingsFile(stateFolder),
  OPENCLAW_DISABLE_BONJOUR: '1',
  OPENCLAW_NO_RESPAWN: '1',
  OPENCLAW_SKIP_CHANNELS: '1',
  OPENCLAW_EXEC_SHELL_SNAPSHOT: '0',
  OPENCLAW_DISABLE_TELEMETRY: '1',
  DO_NOT_TRACK: '1',
});
