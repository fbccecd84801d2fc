import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { until } from '../platform/testing/wait.ts';
import type { Signal } from './subject.ts';

/** Where one gateway lives and what it is told. */
export interface GatewayPlace {
  /** The path of `openclaw.mjs`. */
  program: string;
  /** Everything OpenClaw writes is in here. */
  stateFolder: string;
  /** Gets what the gateway prints, of all its lives. */
  logFile: string;
  port: number;
}

const COMMAND_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 180_000;
/** More than the run that a case leaves running at SIGTERM takes. */
const STOP_TIMEOUT_MS = 60_000;

/** One life of the real gateway. */
export interface GatewayProcess {
  stop(signal: Signal): Promise<void>;
}

/** Writes OpenClaw's settings, which are JSON. */
export const writeSettings = ({ stateFolder }: GatewayPlace, settings: object) =>
  writeFile(settingsFile(stateFolder), `${JSON.stringify(settings, null, 2)}\n`);

/** Runs one `openclaw …` to its end. Throws with its output when it fails. */
export const command = (place: GatewayPlace, ...words: string[]) =>
  promisify(execFile)(process.execPath, [place.program, ...words], {
    cwd: place.stateFolder,
    env: environmentOf(place),
    timeout: COMMAND_TIMEOUT_MS,
  });

/** Starts the gateway and resolves when it is ready, 15 to 40 s later. Throws with the end of its log otherwise. */
export async function startGateway(place: GatewayPlace): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [place.program, 'gateway', 'run'], {
    cwd: place.stateFolder,
    env: environmentOf(place),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A gateway of 1 GB must not outlive a suite that broke.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  const log = createWriteStream(place.logFile, { flags: 'a' });
  let logEnd = '';
  for (const output of [child.stdout, child.stderr]) {
    output.pipe(log, { end: false });
    output.on('data', (chunk: Buffer) => {
      logEnd = (logEnd + chunk.toString()).slice(-4000);
    });
  }
  const isReady = () => {
    if (child.exitCode !== null) throw new Error(`OpenClaw ended with ${child.exitCode}:\n${logEnd}`);
    return fetch(`http://127.0.0.1:${place.port}/readyz`, { signal: AbortSignal.timeout(5000) }).then(
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

/** Resolves when the process has ended; one that ignores SIGTERM is killed. */
async function end(child: ChildProcess, signal: Signal): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(late);
}

const settingsFile = (stateFolder: string) => path.join(stateFolder, 'openclaw.json');

/** Nothing of the operator's own OpenClaw, or of this process, reaches the gateway under test. */
const environmentOf = ({ stateFolder }: GatewayPlace) => ({
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
