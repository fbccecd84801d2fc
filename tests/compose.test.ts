import { execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import { parse } from 'yaml';
import { GatewayConfig } from '../gateway/config.ts';
import { administer, createTestDatabase, form, TEST_REDIS_URL } from '../platform/testing/infrastructure.ts';
import { until } from '../platform/testing/wait.ts';
import { SUBGRAPHS } from '../schema/sdl.ts';
import { AgentsConfig } from '../subgraphs/agents/config.ts';
import { ChatConfig } from '../subgraphs/chat/config.ts';
import { ProjectsConfig } from '../subgraphs/projects/config.ts';
import { TasksConfig } from '../subgraphs/tasks/config.ts';

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
const { postgres: _postgres, redis: _redis, migrate, ...ours } = compose.services;
const CONFIGS = {
  gateway: GatewayConfig,
  projects: ProjectsConfig,
  tasks: TasksConfig,
  agents: AgentsConfig,
  chat: ChatConfig,
};

/** Fills in `${NAME:?message}` and `${NAME:-}` as docker compose does. */
const interpolate = (text: unknown, env: Record<string, string>): string =>
  String(text).replace(/\$\{(\w+)(?::\?[^}]*|:-)?\}/g, (_all, name: string) => env[name] ?? '');

describe('docker-compose.yml', () => {
  test('has a container with an existing command for the gateway and each subgraph', () => {
    expect(Object.keys(ours).sort()).toEqual(['agents', 'chat', 'gateway', 'projects', 'tasks']);
    for (const { command } of Object.values(ours)) {
      expect(command[0]).toBe('node');
      expect(existsSync(`${root}${command[1]}`)).toBe(true);
    }
  });

  test('gives each container the settings that its service reads, and no other', () => {
    for (const [name, { environment }] of Object.entries(ours)) {
      // The ports are those of the network; the address of the database and of others is the file's own.
      const read = Object.keys(CONFIGS[name as keyof typeof CONFIGS].shape).filter(
        (key) => !key.endsWith('_PORT'),
      );
      expect({ name, settings: Object.keys(environment).sort() }).toEqual({ name, settings: read.sort() });
    }
  });

  test('applies migrations as the owner of the tables before a subgraph starts as its own role', () => {
    for (const name of SUBGRAPHS) {
      expect(ours[name]).toMatchObject({
        depends_on: { migrate: { condition: 'service_completed_successfully' } },
      });
      expect(ours[name]!.environment['DATABASE_URL']).toContain(`//team_board_${name}:`);
    }
    expect(migrate!.environment['DATABASE_URL']).toContain('//team_board:');
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
    expect(read('Dockerfile')).toContain('COPY scripts/migrate.ts scripts/migrate.ts');
  });

  test('runs as an unprivileged user', () => {
    expect(read('Dockerfile')).toMatch(/^USER node$/m);
  });
});

/** The script of the roles is for psql. CI has it. */
const hasPsql = spawnSync('psql', ['--version']).status === 0;
if (form === 'services' && !hasPsql) {
  const message = 'The roles of docker-compose.yml are NOT tested: psql is not installed.';
  if (process.env['REQUIRE_SERVICES']) throw new Error(message);
  console.warn(message);
}

(form === 'services' && hasPsql ? describe : describe.skip)(
  'the commands of the containers, started as processes with the same settings',
  () => {
    let database: Awaited<ReturnType<typeof createTestDatabase>>;
    let environmentOf: (container: Container) => Record<string, string>;
    beforeAll(async () => {
      database = await createTestDatabase();
      const settings = envFile();
      await createRoles(database, settings);
      environmentOf = ({ environment }) => ({
        ...Object.fromEntries(
          Object.entries(environment).map(([name, value]) => [name, interpolate(value, settings)]),
        ),
        ...here(environment, database),
      });
      await runToItsEnd(migrate!, environmentOf(migrate!));
    });
    afterAll(async () => {
      await database.drop();
      for (const name of SUBGRAPHS) await administer(`drop role ${database.name}_${name}`);
    });

    test('become ready, and exit with 0 after SIGTERM', async () => {
      const ports = { projects: 18_101, tasks: 18_102, agents: 18_103, chat: 18_104, gateway: 18_100 };
      const children = Object.entries(ours).map(([name, container]) => {
        const port = ports[name as keyof typeof ports];
        const env = { ...environmentOf(container), [`${name.toUpperCase()}_PORT`]: String(port) };
        const stdio = ['ignore', 'inherit', 'inherit'] as const;
        return {
          name,
          port,
          child: spawn(process.execPath, container.command.slice(1), { cwd: root, env, stdio: [...stdio] }),
        };
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
      }
      expect(children.map(({ child }) => child.exitCode)).toEqual([0, 0, 0, 0, 0]);
    });

    test.each([
      ['reads rows of another subgraph', 'chat', 'select * from projects.project'],
      ['gives somebody a role in a project', 'chat', 'delete from access.grant'],
      ['changes a table of its own', 'chat', 'alter table chat.message add column secret text'],
      ['makes a table', 'tasks', 'create table tasks.mine (id int)'],
    ])('the role of a subgraph never %s', async (_what, name, statement) => {
      const url = environmentOf(ours[name]!)['DATABASE_URL']!;
      const orm = await MikroORM.init({
        clientUrl: url,
        entities: [],
        discovery: { warnWhenNoEntities: false },
      });
      try {
        await expect(orm.em.execute(statement)).rejects.toMatchObject({ code: '42501' });
        expect(await orm.em.execute('select count(*)::int as events from log.event')).toEqual([
          { events: 0 },
        ]);
      } finally {
        await orm.close();
      }
    });

    test('a subgraph says what to do when migrations are missing that its role may not apply', async () => {
      const empty = await createTestDatabase();
      await createRoles({ ...database, url: empty.url }, envFile());
      const url = new URL(environmentOf(ours['chat']!)['DATABASE_URL']!);
      url.pathname = new URL(empty.url).pathname;
      const child = spawn(process.execPath, ours['chat']!.command.slice(1), {
        cwd: root,
        env: { ...environmentOf(ours['chat']!), DATABASE_URL: url.toString(), CHAT_PORT: '0' },
        stdio: ['ignore', 'inherit', 'pipe'],
      });
      const [said] = await Promise.all([text(child.stderr), once(child, 'exit')]);
      await empty.drop();

      expect(child.exitCode).toBe(1);
      expect(said).toContain(
        'Run `npm run migrate -- up all` with the DATABASE_URL of the role that owns the tables',
      );
    });
  },
);

/** A filled-in .env. */
const envFile = (): Record<string, string> => ({
  GATEWAY_SIGNING_KEY: 'a signing key of the tests, 32 characters',
  OPENCLAW_URL: 'http://127.0.0.1:9',
  OPENCLAW_TOKEN: 'a hooks token',
  OPENCLAW_GATEWAY_TOKEN: 'a gateway token',
  OPENCLAW_CALLBACK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  AUTHENTIK_ISSUER: 'https://sign-in.invalid/application/o/team-board/',
  AUTHENTIK_CLIENT_ID: 'team-board',
  LOG_LEVEL: 'warn',
  POSTGRES_PASSWORD: 'owner',
  ...Object.fromEntries(
    SUBGRAPHS.map((name) => [`${name.toUpperCase()}_DATABASE_PASSWORD`, `password-of-${name}`]),
  ),
});

type TestDatabase = Pick<Awaited<ReturnType<typeof createTestDatabase>>, 'name' | 'url'>;

/** Runs the script of the postgres container, with roles of this test alone: roles belong to the whole server. */
async function createRoles({ name, url }: TestDatabase, settings: Record<string, string>): Promise<void> {
  const args = [
    url,
    '--no-psqlrc',
    '--quiet',
    '--set',
    'ON_ERROR_STOP=1',
    '--file',
    'scripts/create-roles.sql',
  ];
  const env = { PATH: process.env['PATH'] ?? '', ...settings, DATABASE_ROLE_PREFIX: name };
  await promisify(execFile)('psql', args, { cwd: root, env });
}

/** The addresses of this machine in place of those of the containers' network, with the same user and password. */
function here(environment: Record<string, string>, { name, url }: TestDatabase): Record<string, string> {
  const given = environment['DATABASE_URL'];
  if (!given) return { HOST: '127.0.0.1' };
  const [, role = ''] = /\/\/team_board(_\w+)?:/.exec(given) ?? [];
  const database = new URL(url);
  if (role) Object.assign(database, { username: `${name}${role}`, password: `password-of-${role.slice(1)}` });
  return { HOST: '127.0.0.1', DATABASE_URL: database.toString(), REDIS_URL: TEST_REDIS_URL };
}

async function runToItsEnd({ command }: Container, env: Record<string, string>): Promise<void> {
  await promisify(execFile)(process.execPath, command.slice(1), { cwd: root, env });
}
