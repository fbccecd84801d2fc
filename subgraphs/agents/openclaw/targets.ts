import { isSignedBy, type WebhookClaim, webhookSecret } from '../../../platform/identity/webhook.ts';
import type { AgentsConfig } from '../config.ts';
import { createOpenClawClient, type OpenClawClient } from './client.ts';

/** The OpenClaws of the settings, by the names that agents refer to. */
export interface Targets {
  /** The target of OPENCLAW_URL is the first and is called `default`. */
  readonly names: readonly string[];
  /** Throws for a name that is not in the settings any more: the agent's owner must choose another target. */
  get(name: string): OpenClawClient;
  /** The target whose plugin signed a report; null when none did. No target can sign for another: each has its own secret. */
  signerOf(claim: WebhookClaim, body: Uint8Array): string | null;
}

const DEFAULT_TARGET = 'default';

export function createTargets(config: AgentsConfig): Targets {
  const admissionTimeoutMs = config.OPENCLAW_ADMISSION_TIMEOUT_SECONDS * 1000;
  const first = {
    name: DEFAULT_TARGET,
    url: config.OPENCLAW_URL,
    token: config.OPENCLAW_TOKEN,
    gatewayToken: config.OPENCLAW_GATEWAY_TOKEN,
    callbackSecret: config.OPENCLAW_CALLBACK_SECRET,
  };
  const all = [first, ...config.OPENCLAW_TARGETS];
  // A target has two secrets while one replaces the other.
  const signers = all.map(({ name, callbackSecret }) => ({
    name,
    secrets: callbackSecret.map(webhookSecret),
  }));
  const clients = new Map(
    all.map((target) => [target.name, createOpenClawClient({ ...target, admissionTimeoutMs })]),
  );
  return {
    names: [...clients.keys()],
    get(name) {
      const client = clients.get(name);
      if (!client) throw new Error(`There is no OpenClaw called ${name} in OPENCLAW_TARGETS`);
      return client;
    },
    signerOf: (claim, body) => signers.find(({ secrets }) => isSignedBy(secrets, claim, body))?.name ?? null,
  };
}
