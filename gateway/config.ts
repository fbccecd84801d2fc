import { z } from 'zod';
import { boolean, port, ServiceConfig, wholeNumber } from '../platform/process/config.ts';
import { SUBGRAPH_PORTS, type SubgraphName } from '../schema/sdl.ts';

const subgraphUrl = (subgraph: SubgraphName) =>
  z
    .url({ protocol: /^https?$/ })
    .default(`http://127.0.0.1:${SUBGRAPH_PORTS[subgraph]}`)
    .describe(`Where the ${subgraph} subgraph listens.`);

const origins = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((entry) => entry.trim() || []))
  .refine((list) => list.every((entry) => URL.canParse(entry) && new URL(entry).origin === entry), {
    message: 'must be origins such as `https://app.example.com`, without a path, comma between',
  })
  .describe('Web pages of other origins that may ask here, comma between. The own origin always may.');

const Settings = ServiceConfig.extend({
  GATEWAY_PORT: port(8000).describe('The port that clients connect to.'),
  PROJECTS_URL: subgraphUrl('projects'),
  TASKS_URL: subgraphUrl('tasks'),
  AGENTS_URL: subgraphUrl('agents'),
  CHAT_URL: subgraphUrl('chat'),
  SIGN_IN: z
    .enum(['development', 'oidc'])
    .describe(
      '`oidc`: clients bring tokens of AUTHENTIK_ISSUER. `development`: everybody on this machine may.',
    ),
  AUTHENTIK_ISSUER: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('The issuer of access tokens, exactly as in their `iss`; Authentik ends it with a slash.'),
  AUTHENTIK_CLIENT_ID: z
    .string()
    .min(1)
    .optional()
    .describe('The client id of this application in Authentik, the `aud` of its tokens.'),
  INTROSPECTION: boolean(false).describe('Whether clients may ask for the schema with SIGN_IN=oidc too.'),
  ALLOWED_ORIGINS: origins,
  REQUEST_TIMEOUT_SECONDS: wholeNumber(1, 300, 15).describe('How long a client may take to send a request.'),
  SUBGRAPH_TIMEOUT_SECONDS: wholeNumber(1, 60, 5).describe('How long a subgraph may take to answer.'),
  SUBGRAPH_CONNECTIONS_MAX: wholeNumber(1, 1024, 64).describe('Connections to each subgraph.'),
  SUBGRAPH_RESPONSE_BYTES_MAX: wholeNumber(1024, 268_435_456, 10_485_760).describe(
    'The largest answer or event that is taken from a subgraph.',
  ),
  SUBSCRIPTIONS_PER_SOCKET_MAX: wholeNumber(1, 1000, 50).describe(
    'Operations open at a time on one WebSocket.',
  ),
  SUBSCRIPTION_QUEUE_MAX: wholeNumber(1, 10_000, 256).describe('Events that may wait for one client.'),
  SUBSCRIPTION_STALL_SECONDS: wholeNumber(1, 300, 5).describe(
    'How long a client with a full queue may read nothing before its subscription ends.',
  ),
  SUBSCRIPTION_RESUME_SECONDS: wholeNumber(1, 600, 30).describe(
    'How long to look for a lost subgraph before its subscriptions end.',
  ),
  HYDRATION_SECONDS: wholeNumber(1, 60, 8).describe(
    'How long other subgraphs may take, all in all, to add their fields to an event; it is sent without them then.',
  ),
  HYDRATIONS_MAX: wholeNumber(1, 1000, 32).describe('Events to which other subgraphs add fields at a time.'),
});

type RawSettings = z.infer<typeof Settings>;

/** A setting that only sign-in by OIDC needs. Checked even if other settings are wrong, so that all are named at once. */
const neededForOidc = (name: 'AUTHENTIK_ISSUER' | 'AUTHENTIK_CLIENT_ID') =>
  [
    (settings: RawSettings) => settings.SIGN_IN !== 'oidc' || settings[name] !== undefined,
    { path: [name] as string[], message: 'is needed with SIGN_IN=oidc', when: () => true },
  ] as const;

/** The gateway's settings. */
export const GatewayConfig = Settings.refine(...neededForOidc('AUTHENTIK_ISSUER')).refine(
  ...neededForOidc('AUTHENTIK_CLIENT_ID'),
);
export type GatewayConfig = z.infer<typeof GatewayConfig>;

/** The address of each subgraph, by the name it has in the supergraph. */
export const subgraphUrls = (config: GatewayConfig): Record<SubgraphName, string> => ({
  projects: config.PROJECTS_URL,
  tasks: config.TASKS_URL,
  agents: config.AGENTS_URL,
  chat: config.CHAT_URL,
});
