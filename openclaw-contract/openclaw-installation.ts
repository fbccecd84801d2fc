import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** The version of OpenClaw that Team Board supports. */
export const OPENCLAW_VERSION = '2026.9.6';
const INSTALL_TIMEOUT_MS = 15 * 60_000;

/**
 * Installs OpenClaw from npm in `cacheFolder` unless it is there. Returns the path of its `openclaw.mjs`.
 *
 * The installation has about 650 MB and runs no install scripts. An interrupted installation is not used later. Throws
 * when this Node is older than 24.16, or when npm fails.
 */
export async function installOpenClaw(cacheFolder: string): Promise<string> {
  requireNode();
  const folder = path.join(cacheFolder, `openclaw-${OPENCLAW_VERSION}`);
  const program = path.join(folder, 'node_modules', 'openclaw', 'openclaw.mjs');
  if (existsSync(program)) return program;

  const draft = `${folder}.${process.pid}.tmp`;
  await mkdir(draft, { recursive: true });
  await writeFile(path.join(draft, 'package.json'), '{ "private": true }\n');
  const packages = ['--ignore-scripts', '--no-audit', '--no-fund', `openclaw@${OPENCLAW_VERSION}`];
  await promisify(execFile)('npm', ['install', ...packages], {
    cwd: draft,
    timeout: INSTALL_TIMEOUT_MS,
    shell: process.platform === 'win32', // npm is a batch file on Windows, which needs a shell
  });
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
  return program;
}

function requireNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 16)) return;
  throw new Error(`OpenClaw ${OPENCLAW_VERSION} needs Node 24.16 or newer; this is ${process.version}`);
}
