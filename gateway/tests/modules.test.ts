import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { SIGNING_KEY } from './subgraph.ts';

/** Starts a gateway in a process of its own, closes it, and prints the URLs of all modules that were loaded. */
const SCRIPT = `
  import { registerHooks } from 'node:module';
  const urls = new Set();
  registerHooks({
    load(url, context, nextLoad) {
      urls.add(url);
      return nextLoad(url, context);
    },
  });
  const { GatewayConfig } = await import('./config.ts');
  const { startGateway } = await import('./gateway.ts');
  const settings = { GATEWAY_PORT: 0, SIGN_IN: 'development', LOG_LEVEL: 'silent' };
  const gateway = await startGateway(
    GatewayConfig.parse({ ...settings, GATEWAY_SIGNING_KEY: '${SIGNING_KEY}' }),
  );
  await gateway.close();
  process.stdout.write(JSON.stringify([...urls]));
`;

/** The packages of the database, of Redis and of the subgraph servers. */
const OF_SUBGRAPHS =
  /\/node_modules\/(@mikro-orm|@electric-sql|@apollo\/subgraph|kysely|pg|pg-[a-z-]+|ioredis|graphql-redis-subscriptions|graphql-subscriptions)\//;

describe('the modules of a running gateway', () => {
  let urls: string[];
  beforeAll(() => {
    const output = execFileSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', SCRIPT],
      { cwd: fileURLToPath(new URL('..', import.meta.url)), encoding: 'utf8', maxBuffer: 10_000_000 },
    );
    urls = JSON.parse(output) as string[];
  });

  test('are all recorded: those of the gateway, of ES modules and of CommonJS packages', () => {
    for (const path of ['/gateway/apollo.ts', '/node_modules/jose/', '/node_modules/@apollo/gateway/'])
      expect(urls.some((url) => url.includes(path))).toBe(true);
  });

  test('include no database, no Redis and no server of a subgraph', () => {
    expect(urls.filter((url) => OF_SUBGRAPHS.test(url))).toEqual([]);
  });

  test('include no file of platform/ that keeps rows or reads the event log', () => {
    const files = urls.filter((url) => /\/platform\/(event-log|subgraph)\//.test(url));
    expect(files).toEqual([]);
  });
});
