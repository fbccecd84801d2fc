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
  test('has a container with an existing command for the gateway and each subgraph', () => {
    expect(Object.keys(ours).sort()).toEqual(['agents', 'chat', 'gateway', 'projects', 'tasks']);
    for (const { command } of Object.values(ours)) {
      expect(command[0]).toBe('node');
      expect(existsSync(`${root}${command[1]}`)).toBe(true);
    }
  });

  test('publishes only the port of the gateway', () => {
    const published = Object.entries(compose.services).filter(([, { ports }]) => ports);
    expect(published.map(([name]) => name)).toEqual(['gateway']);
    expect(compose.networks['inside']).toEqual({ internal: true });
  });

  test('gives no container a writable file system or new privileges', () => {
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
  test('copies exactly the folders that services import', () => {
    const copied = [...read('Dockerfile').matchAll(/^COPY (\w+) \w+$/gm)].map(([, folder]) => folder);
    expect(copied).toEqual(['schema', 'platform', 'gateway', 'subgraphs']);
  });

  test('runs as an unprivileged user', () => {
    expect(read('Dockerfile')).toMatch(/^USER node$/m);
  });
});

(form === 'services' ? describe : describe.skip)(
  'the commands of the containers, started as processes with the same settings',
  () => {
    test('become ready, and exit with 0 after SIGTERM', async () => {
      const database = await createTestDatabase();
      // The settings of .env, and the addresses that the containers resolve by name.
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
          children.map(({ child }) => until('the process has ended', () => child.exitCode !== null, 30_000)),
        );
        await database.drop();
      }
      expect(children.map(({ child }) => child.exitCode)).toEqual([0, 0, 0, 0, 0]);
    });
  },
);
