import { z } from 'zod';
import { boolean, port, ServiceConfig, wholeNumber } from '../platform/process/config.ts';
import { SUBGRAPH_PORTS, type SubgraphName } from '../schema/sdl.ts';

const subgraphUrl = (subgraph: SubgraphName) =>
  z
    .url({ protocol: /^https?$/ })
    .default(`http://127.0.0.1:${SUBGRAPH_PORTS[subgraph]}`)
    .describe(`The address of the ${subgraph} subgraph.`);

const origins = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((entry) => entry.trim() || []))
  .refine((list) => list.every((entry) => URL.canParse(entry) && new URL(entry).origin === entry), {
    message: 'must be origins such as `https://app.example.com`, without a path, separated by commas',
  })
  .describe(
    'Other origins whose web pages may send requests, separated by commas. The own origin always may.',
  );

const names = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((entry) => entry.trim() || []));

const Settings = ServiceConfig.extend({
  GATEWAY_PORT: port(8000).describe('The port for clients and OpenClaw.'),
  PROJECTS_URL: subgraphUrl('projects'),
  TASKS_URL: subgraphUrl('tasks'),
  AGENTS_URL: subgraphUrl('agents'),
  CHAT_URL: subgraphUrl('chat'),
  SIGN_IN: z
    .enum(['development', 'oidc'])
    .describe(
      '`oidc`: clients send tokens of AUTHENTIK_ISSUER. `development`: no password, on this machine only.',
    ),
  AUTHENTIK_ISSUER: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('The issuer of access tokens, exactly as in their `iss`. Authentik ends it with a slash.'),
  AUTHENTIK_CLIENT_ID: z
    .string()
    .min(1)
    .optional()
    .describe('The client id of this application in Authentik, which is the `aud` of its tokens.'),
  AUTHENTIK_KEYS_MAX_AGE_SECONDS: wholeNumber(1, 86_400, 300).describe(
    'How long the keys of Authentik are used before it is asked again, so how long a removed key stays good.',
  ),
  WORKSPACE_ADMINS: names.describe(
    'The admins of the workspace, separated by commas: the `sub` of their tokens; with SIGN_IN=development their names, and everybody is an admin if it is empty.',
  ),
  WORKSPACE_ADMIN_GROUP: z
    .string()
    .min(1)
    .optional()
    .describe('The group of Authentik whose members are admins of the workspace too.'),
  WORKSPACE_GROUPS_CLAIM: z
    .string()
    .min(1)
    .default('groups')
    .describe("The claim of an access token that lists the names of its person's groups."),
  INTROSPECTION: boolean(false).describe(
    'Whether clients may query the schema with SIGN_IN=oidc. In development they always may.',
  ),
  ALLOWED_ORIGINS: origins,
  REQUEST_TIMEOUT_SECONDS: wholeNumber(1, 300, 15).describe('How long a client may take to send a request.'),
  OPERATIONS_MAX: wholeNumber(2, 10_000, 64).describe(
    'The most queries and mutations that are answered at a time.',
  ),
  OPERATION_WAIT_SECONDS: wholeNumber(1, 60, 2).describe(
    'How long a query or mutation may have to wait for its turn. It is refused at once if it would wait longer.',
  ),
  SUBGRAPH_TIMEOUT_SECONDS: wholeNumber(1, 60, 5).describe('How long a subgraph may take to answer.'),
  SUBGRAPH_CONNECTIONS_MAX: wholeNumber(1, 1024, 64).describe('The most connections to one subgraph.'),
  SUBGRAPH_RESPONSE_BYTES_MAX: wholeNumber(1024, 268_435_456, 10_485_760).describe(
    'The largest answer or event that the gateway accepts from a subgraph.',
  ),
  SUBSCRIPTIONS_PER_SOCKET_MAX: wholeNumber(1, 1000, 50).describe(
    'The most operations that are open at a time on one WebSocket.',
  ),
  SOCKETS_MAX: wholeNumber(1, 1_000_000, 10_000).describe('The most WebSockets of clients at a time.'),
  SOCKETS_UNREAD_BYTES_MAX: wholeNumber(1_048_576, 17_179_869_184, 134_217_728).describe(
    'The most bytes that all WebSocket clients together may leave unread. One person may leave a quarter, one socket an eighth.',
  ),
  SUBSCRIPTION_QUEUE_MAX: wholeNumber(1, 10_000, 256).describe('The most events that wait for one client.'),
  SUBSCRIPTION_STALL_SECONDS: wholeNumber(1, 300, 5).describe(
    'How long a client with a full queue may read nothing before its subscription ends.',
  ),
  SUBSCRIPTION_RESUME_SECONDS: wholeNumber(1, 600, 30).describe(
    'How long to reconnect to a lost subgraph before its subscriptions end.',
  ),
  HYDRATION_SECONDS: wholeNumber(1, 60, 8).describe(
    'How long other subgraphs may take in total to add their fields to an event. Missing fields are then null.',
  ),
  HYDRATIONS_MAX: wholeNumber(1, 1000, 32).describe(
    'The most events to which other subgraphs add fields at a time.',
  ),
});

type RawSettings = z.infer<typeof Settings>;

/** Requires a setting for SIGN_IN=oidc, also when other settings are invalid, so that all problems are listed at once. */
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
