import { z } from 'zod';
import { port, wholeNumber } from '../platform/process/config.ts';

const token = (what: string) => z.string().min(8, 'must have at least 8 characters').describe(what);

const agentIds = z
  .string()
  .regex(/^[a-z0-9-]+(,[a-z0-9-]+)*$/, 'must be agent ids in lower case, separated by commas');

/** The settings of the simulator process. README.md describes each of them. */
export const Config = z.object({
  OPENCLAW_SIMULATOR_HOST: z.string().default('127.0.0.1'),
  OPENCLAW_SIMULATOR_PORT: port(18_789),
  OPENCLAW_HOOKS_TOKEN: token('The token for /hooks.'),
  OPENCLAW_GATEWAY_TOKEN: token('The token for histories, /v1 and the WebSocket.'),
  OPENCLAW_CALLBACK_URL: z.url({ protocol: /^https?$/ }).optional(),
  OPENCLAW_CALLBACK_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'must be whsec_ followed by a key in base64')
    .describe('The key that signs callbacks, whsec_<base64>.'),
  OPENCLAW_SIMULATOR_AGENTS: agentIds.default('main,researcher').transform((text) => text.split(',')),
  OPENCLAW_SIMULATOR_DELAY_MS: wholeNumber(0, 600_000, 2000),
  OPENCLAW_SIMULATOR_ANSWER: z.string().optional(),
  OPENCLAW_SIMULATOR_DRAIN_SECONDS: wholeNumber(0, 3600, 315),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});
export type Config = z.infer<typeof Config>;
