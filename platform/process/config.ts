import { readFileSync } from 'node:fs';
import { z } from 'zod';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a service's settings from the environment, typed by their schema.
 *
 * A blank value counts as absent. An absent setting takes its value from `defaults`, then from the schema.
 * `<NAME>_FILE` names a file that holds the value, as container secrets do; it wins over `<NAME>`.
 * Throws one ConfigError that lists every problem, each with the name of its setting.
 */
export function readConfig<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Environment = process.env,
  defaults: Readonly<Record<string, string>> = {},
): z.infer<Schema> {
  const values: Record<string, string> = { ...defaults };
  const problems: string[] = [];
  for (const name of Object.keys(schema.shape)) {
    const file = environment[`${name}_FILE`];
    try {
      const value = (file ? readFileSync(file, 'utf8') : environment[name])?.trim();
      if (value) values[name] = value;
    } catch (error) {
      problems.push(`${name}_FILE: ${(error as Error).message}`);
    }
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const name = path.join('.');
      if (problems.some((problem) => problem.startsWith(`${name}_FILE:`))) continue;
      problems.push(
        values[name] === undefined ? `${name} is not set. ${meaning(schema, name)}` : `${name}: ${message}`,
      );
    }
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return parsed.data;
}

const meaning = (schema: z.ZodObject, name: string) =>
  (schema.shape[name] as z.ZodType | undefined)?.description ?? '';

/** Some settings are missing or invalid. `message` lists all of them. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `These settings need attention (see .env.example):\n${problems.map((line) => `  ${line.trim()}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** A TCP port; 0 means any free port. */
export const port = (byDefault: number) => z.coerce.number().int().min(0).max(65_535).default(byDefault);

/** A whole number within bounds, both inclusive. */
export const wholeNumber = (min: number, max: number, byDefault: number) =>
  z.coerce.number().int().min(min).max(max).default(byDefault);

/** A secret of at least `charactersMin` characters. It has no default: the operator must choose one. */
export const secret = (description: string, charactersMin = 32) =>
  z
    .string()
    .min(charactersMin, `must have at least ${charactersMin} characters; \`openssl rand -hex 32\` makes one`)
    .describe(description);

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** A switch, `true` or `false`. */
export const boolean = (byDefault: boolean) => flag.default(byDefault);

/** The settings of every service. */
export const ServiceConfig = z.object({
  HOST: z.string().default('127.0.0.1').describe('The address to listen on.'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  SHUTDOWN_SECONDS: wholeNumber(1, 300, 20).describe(
    'How long to wait at shutdown for requests and background work to end.',
  ),
  GATEWAY_SIGNING_KEY: secret(
    'The key with which the gateway signs its requests; the same for all services.',
  ),
});

/** The settings of every service with a database. */
export const SubgraphConfig = ServiceConfig.extend({
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .describe('The PostgreSQL database, the same for all subgraphs.'),
  DATABASE_CONNECTIONS_MAX: wholeNumber(2, 100, 10).describe('Connections to PostgreSQL, for each subgraph.'),
  DATABASE_STATEMENT_TIMEOUT_SECONDS: wholeNumber(1, 600, 5),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .describe('The Redis server through which subgraphs wake each other.'),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w:-]{1,100}$/, 'must be 1 to 100 letters, digits, `_`, `-` or `:`')
    .default('team-board')
    .describe(
      'The beginning of the channel names in Redis; each installation that shares the server needs another.',
    ),
  LOG_SWEEP_SECONDS: wholeNumber(1, 300, 2).describe('How often to look for events whose hint was lost.'),
  RETENTION_EVENTS_DAYS: wholeNumber(1, 3_650, 90).describe(
    'How long events are kept. Older cursors are answered with StreamReset.',
  ),
  RETENTION_IDEMPOTENCY_HOURS: wholeNumber(24, 8_760, 24).describe(
    'How long idempotency keys are kept. A repeat within 24 hours is always recognised.',
  ),
});
export type SubgraphConfig = z.infer<typeof SubgraphConfig>;
