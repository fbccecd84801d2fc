import { readFileSync } from 'node:fs';
import { z } from 'zod';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a service's settings once, typed by its schema.
 *
 * A blank value counts as absent, and what is absent is taken from `defaults`.
 * `<NAME>_FILE` names a file that holds the value, as container secrets do.
 * Throws one ConfigError that lists every problem, each by the name of its setting.
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

/** Some settings are missing or wrong; `message` lists them all. */
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

/** A TCP port; 0 takes any free one. */
export const port = (byDefault: number) => z.coerce.number().int().min(0).max(65_535).default(byDefault);

/** A whole number within bounds, both inclusive. */
export const wholeNumber = (min: number, max: number, byDefault: number) =>
  z.coerce.number().int().min(min).max(max).default(byDefault);

/** A secret, by default of at least 32 characters. It has no default: whoever runs the service makes it up. */
export const secret = (what: string, charactersMin = 32) =>
  z
    .string()
    .min(
      charactersMin,
      `must have at least ${charactersMin} characters, such as \`openssl rand -hex 32\` gives`,
    )
    .describe(what);

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** A switch, `true` or `false`. */
export const boolean = (byDefault: boolean) => flag.default(byDefault);

/** What every service needs, whatever it does. */
export const ServiceConfig = z.object({
  HOST: z.string().default('127.0.0.1').describe('The address to listen on.'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  SHUTDOWN_SECONDS: wholeNumber(1, 300, 20).describe(
    'How long requests and runs may take to end at shutdown.',
  ),
  GATEWAY_SIGNING_KEY: secret('The key by which subgraphs know the gateway; the same for all services.'),
});

/** What every service with a database needs. */
export const SubgraphConfig = ServiceConfig.extend({
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .describe('The PostgreSQL database, the same for all subgraphs.'),
  DATABASE_CONNECTIONS_MAX: wholeNumber(2, 100, 10).describe('Connections to PostgreSQL, for each subgraph.'),
  DATABASE_STATEMENT_TIMEOUT_SECONDS: wholeNumber(1, 600, 5),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).describe('Redis, through which subgraphs wake each other.'),
  LOG_SWEEP_SECONDS: wholeNumber(1, 300, 2).describe('How often to look for events whose hint was lost.'),
});
export type SubgraphConfig = z.infer<typeof SubgraphConfig>;
