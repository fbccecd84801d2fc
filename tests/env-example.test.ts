import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { GatewayConfig } from '../gateway/config.ts';
import { ConfigError, readConfig } from '../platform/process/config.ts';
import { SUBGRAPHS } from '../schema/sdl.ts';
import { AgentsConfig } from '../subgraphs/agents/config.ts';
import { ChatConfig } from '../subgraphs/chat/config.ts';
import { ProjectsConfig } from '../subgraphs/projects/config.ts';
import { TasksConfig } from '../subgraphs/tasks/config.ts';

const SCHEMAS = [GatewayConfig, ProjectsConfig, TasksConfig, AgentsConfig, ChatConfig];
const template = Object.fromEntries(
  readFileSync(new URL('../.env.example', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => /^[A-Z_]+=/.test(line))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);
/** Read by `npm start` and by docker compose, not by a service. */
const NOT_OF_A_SERVICE = [
  ...['DATA_DIR', 'DATA_DIR_RESERVE_MEGABYTES', 'POSTGRES_PASSWORD'],
  ...SUBGRAPHS.map((name) => `${name.toUpperCase()}_DATABASE_PASSWORD`),
];

describe('.env.example', () => {
  test('names exactly the settings of all services', () => {
    const settings = new Set(SCHEMAS.flatMap((schema) => Object.keys(schema.shape)));
    expect(Object.keys(template).sort()).toEqual([...settings, ...NOT_OF_A_SERVICE].sort());
  });

  test('contains no secret, and its values are valid', () => {
    for (const schema of SCHEMAS) {
      try {
        readConfig(schema, template);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        const problems = (error as Error).message.split('\n').slice(1);
        for (const problem of problems)
          expect(problem).toMatch(/(KEY|TOKEN|SECRET|CLIENT_ID|ISSUER) is not set/);
      }
    }
  });

  test('states the defaults of the services', () => {
    for (const schema of SCHEMAS) {
      for (const [name, type] of Object.entries(schema.shape)) {
        const byDefault = type.safeParse(undefined);
        const given = template[name] ? type.safeParse(template[name]) : undefined;
        if (byDefault.success && byDefault.data !== undefined && given) {
          expect({ name, value: given.data }).toEqual({ name, value: byDefault.data });
        }
      }
    }
  });
});
