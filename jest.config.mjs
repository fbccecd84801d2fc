import { Redis } from 'ioredis';
import pg from 'pg';

const DATABASE_URL = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const REDIS_URL = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';

const swc = [
  '@swc/jest',
  {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
];

/** One suite, two forms of the system: `embedded` needs nothing; `services` needs PostgreSQL and Redis. */
const project = (form, testMatch) => ({
  displayName: form,
  globals: { teamBoardForm: form },
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': swc },
  testMatch,
});

/** Jest replaces `<rootDir>` at the beginning of a pattern only, and not behind `!`. */
const HERE = import.meta.dirname;

/** What touches neither rows nor hints is the same in both forms, and is tested once. */
const EVERYTHING = ['<rootDir>/**/tests/**/*.test.ts'];
const WITH_ROWS = [
  '<rootDir>/{platform,subgraphs,tests}/**/*.test.ts',
  `!${HERE}/platform/tests/{actor,backoff,bounded-read,clean-text,config,cursor,data-folder,embedded,errors,fair-queue,identity,input,json-size,log,loop,null-as-default,text,watchdog,webhook}.test.ts`,
  `!${HERE}/tests/{boundaries,env-example,licenses,schema,start}.test.ts`,
];

async function findServices() {
  try {
    const database = new pg.Client({ connectionString: DATABASE_URL, connectionTimeoutMillis: 2_000 });
    await database.connect();
    await database.end();
    const redis = new Redis(REDIS_URL, { lazyConnect: true, retryStrategy: null, connectTimeout: 2_000 });
    redis.on('error', () => undefined);
    await redis.connect();
    redis.disconnect();
    return true;
  } catch (error) {
    const message =
      `The form of separate processes is NOT tested: PostgreSQL at ${DATABASE_URL} or Redis at ${REDIS_URL} ` +
      `cannot be used (${error.message || error.code}). Set TEST_DATABASE_URL and TEST_REDIS_URL.`;
    if (process.env.REQUIRE_SERVICES) throw new Error(message, { cause: error });
    console.warn(message);
    return false;
  }
}

export default {
  testTimeout: 60_000,
  maxWorkers: 2,
  // A test that failed half-way must not keep CI waiting for the servers it left behind.
  forceExit: true,
  projects: [
    project('embedded', EVERYTHING),
    ...((await findServices()) ? [project('services', WITH_ROWS)] : []),
  ],
};
