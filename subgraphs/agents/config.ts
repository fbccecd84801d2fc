import { z } from 'zod';
import { port, SubgraphConfig, secret, wholeNumber } from '../../platform/process/config.ts';

/** One secret, `whsec_` and base64 of at least 24 bytes; or two, with a comma between, while one replaces the other. */
const callbackSecrets = z
  .string()
  .regex(
    /^whsec_[A-Za-z0-9+/]{32,}={0,2}(,whsec_[A-Za-z0-9+/]{32,}={0,2})?$/,
    'must be `whsec_` and base64 of at least 24 bytes, such as `echo whsec_$(openssl rand -base64 32)` gives',
  )
  .transform((text) => text.split(','))
  .describe('The secret with which the plugin in the OpenClaw of OPENCLAW_URL signs its callbacks.');

const url = z.url({ protocol: /^https?$/ });

/** A target beside the first. */
const Target = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be 1 to 40 lower-case letters, digits and -'),
  url,
  token: z.string().min(8),
  gatewayToken: z.string().min(8),
  callbackSecret: callbackSecrets,
});

/** The one secret of no other target: by it the target of a report is known. */
const haveOwnSecrets = (settings: {
  OPENCLAW_CALLBACK_SECRET: readonly string[];
  OPENCLAW_TARGETS: readonly { callbackSecret: readonly string[] }[];
}): boolean => {
  const targets = settings.OPENCLAW_TARGETS.map(({ callbackSecret }) => callbackSecret);
  const secrets = [settings.OPENCLAW_CALLBACK_SECRET, ...targets].flatMap((each) => [...new Set(each)]);
  return new Set(secrets).size === secrets.length;
};

const moreTargets = z
  .string()
  .default('[]')
  .transform((text, check) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      check.addIssue('must be JSON: [{"name", "url", "token", "gatewayToken", "callbackSecret"}, …]');
      return z.NEVER;
    }
  })
  .pipe(z.array(Target).max(20))
  .refine((list) => new Set(['default', ...list.map(({ name }) => name)]).size === list.length + 1, {
    message: 'must have names that differ from each other and from `default`, the name of OPENCLAW_URL',
  })
  .describe(
    'More OpenClaws, as JSON. Agents refer to them by name; the one of OPENCLAW_URL is called `default`.',
  );

export const AgentsConfig = SubgraphConfig.extend({
  AGENTS_PORT: port(8003),
  OPENCLAW_URL: url.describe('The address of OpenClaw.'),
  OPENCLAW_TOKEN: secret('The hooks token of OpenClaw, `hooks.token` in its settings.', 8),
  OPENCLAW_GATEWAY_TOKEN: secret('The gateway token of OpenClaw, `gateway.auth.token` in its settings.', 8),
  OPENCLAW_TARGETS: moreTargets,
  OPENCLAW_CALLBACK_SECRET: callbackSecrets,
  AGENTS_ADDED_BY: z
    .enum(['admins', 'members'])
    .default('admins')
    .describe(
      'Who may add agents. `admins`: those of the workspace. `members`: also others, for projects in which they are members.',
    ),
  OPENCLAW_RUNS_MAX: wholeNumber(1, 1000, 6).describe(
    'The most runs in one OpenClaw at a time; OpenClaw itself has 8 slots.',
  ),
  OPENCLAW_ADMISSION_TIMEOUT_SECONDS: wholeNumber(1, 300, 20),
  OPENCLAW_HEALTH_SECONDS: wholeNumber(1, 300, 10).describe('How often to check whether OpenClaw is ready.'),
  DISPATCH_LEASE_SECONDS: wholeNumber(1, 600, 30).describe('How long one process may hand over a run.'),
  DISPATCH_SWEEP_SECONDS: wholeNumber(1, 60, 2).describe(
    'How often to look for runs to start, to end or to ask about.',
  ),
  RECONCILE_AFTER_SECONDS: wholeNumber(1, 3600, 60).describe(
    'How long after the last sign of a run to ask OpenClaw about it.',
  ),
  RUN_TIMEOUT_SECONDS: wholeNumber(10, 86_400, 600).describe('The deadline of a run that names none.'),
  RETENTION_CALLBACKS_DAYS: wholeNumber(1, 3_650, 30).describe(
    'How long received callbacks are remembered. A repeat after that is taken for a late one.',
  ),
  RETENTION_ACTIVITIES_DAYS: wholeNumber(1, 3_650, 365).describe('How long the activities of runs are kept.'),
})
  .refine(({ OPENCLAW_TOKEN, OPENCLAW_GATEWAY_TOKEN }) => OPENCLAW_TOKEN !== OPENCLAW_GATEWAY_TOKEN, {
    path: ['OPENCLAW_GATEWAY_TOKEN'],
    message: 'must differ from OPENCLAW_TOKEN: it opens far more',
  })
  .refine(haveOwnSecrets, {
    path: ['OPENCLAW_TARGETS'],
    message: 'must have a `callbackSecret` of its own in each, which differs from OPENCLAW_CALLBACK_SECRET',
  });
export type AgentsConfig = z.infer<typeof AgentsConfig>;
