import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { createTestDatabase, form, TEST_REDIS_URL } from '../platform/testing/infrastructure.ts';
import { until } from '../platform/testing/wait.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

interface Container {
  command: string[];
  environment: Record<string, string>;
  ports?: string[];
  networks: string[];
  read_only?: boolean;
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Container>;
  networks: Record<string, { internal?: boolean }>;
};
const { postgres: _postgres, redis: _redis, ...ours } = compose.services;

describe('docker-compose.yml', () => {
  test('has a container for the gateway and each subgraph, and its command is there', () => {
    expect(Object.keys(ours).sort()).toEqual(['agents', 'chat', 'gateway', 'projects', 'tasks']);
    for (const { command } of Object.values(ours)) {
      expect(command[0]).toBe('node');
      expect(existsSync(`${root}${command[1]}`)).toBe(true);
    }
  });

  test('only the gateway can be reached from outside', () => {
    const published = Object.entries(compose.services).filter(([, { ports }]) => ports);
    expect(published.map(([name]) => name)).toEqual(['gateway']);
    expect(compose.networks['inside']).toEqual({ internal: true });
  });

  test('no container may write to its own files or raise its rights', () => {
    for (const container of Object.values(ours)) {
      expect(container).toMatchObject({
        read_only: true,
        security_opt: ['no-new-privileges:true'],
        init: true,
      });
    }
  });
});

describe('the Dockerfile', () => {
  test('takes every folder that a service imports, and no more', () => {
    const copied = [...read('Dockerfile').matchAll(/^COPY (\w+) \w+$/gm)].map(([, folder]) => folder);
    expect(copied).toEqual(['schema', 'platform', 'gateway', 'subgraphs']);
  });

  test('runs as a user without rights', () => {
    expect(read('Dockerfile')).toMatch(/^USER node$/m);
  });
});

(form === 'services' ? describe : describe.skip)(
  'started as processes with the same commands and settings',
  () => {
    test('every container gets ready, and ends with 0 when it is told to stop', async () => {
      const database = await createTestDatabase();
      // What .env holds, and what the network of the containers would resolve.
      const environment = {
        GATEWAY_SIGNING_KEY: randomBytes(32).toString('hex'),
        OPENCLAW_URL: 'http://127.0.0.1:9',
        OPENCLAW_TOKEN: randomBytes(16).toString('hex'),
        OPENCLAW_GATEWAY_TOKEN: randomBytes(16).toString('hex'),
        OPENCLAW_CALLBACK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
        AUTHENTIK_ISSUER: 'https://sign-in.invalid/application/o/team-board/',
        AUTHENTIK_CLIENT_ID: 'team-board',
        LOG_LEVEL: 'warn',
      };
      const here = { HOST: '127.0.0.1', DATABASE_URL: database.url, REDIS_URL: TEST_REDIS_URL };
      const ports = { projects: 18_101, tasks: 18_102, agents: 18_103, chat: 18_104, gateway: 18_100 };

      const children = Object.entries(ours).map(([name, { command, environment: own }]) => {
        const port = ports[name as keyof typeof ports];
        const child = spawn(process.execPath, command.slice(1), {
          cwd: root,
          env: { ...environment, ...own, ...here, [`${name.toUpperCase()}_PORT`]: String(port) },
          stdio: ['ignore', 'inherit', 'inherit'],
        });
        return { name, port, child };
      });
      try {
        for (const { name, port, child } of children) {
          await until(
            `${name} is ready`,
            async () => {
              if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
              return (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.status === 200;
            },
            40_000,
          );
        }
      } finally {
        for (const { child } of children) child.kill('SIGTERM');
        await Promise.all(
          children.map(({ child }) => until('it has ended', () => child.exitCode !== null, 30_000)),
        );
        await database.drop();
      }
      expect(children.map(({ child }) => child.exitCode)).toEqual([0, 0, 0, 0, 0]);
    });
  },
);
