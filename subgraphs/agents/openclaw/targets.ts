import type { AgentsConfig } from '../config.ts';
import { createOpenClawClient, type OpenClawClient } from './client.ts';

/** The OpenClaws of the settings, by the names that agents refer to. */
export interface Targets {
  /** The target of OPENCLAW_URL is the first and is called `default`. */
  readonly names: readonly string[];
  /** Throws for a name that is not in the settings any more: the agent's owner must choose another target. */
  get(name: string): OpenClawClient;
}

const DEFAULT_TARGET = 'default';

export function createTargets(config: AgentsConfig): Targets {
  const admissionTimeoutMs = config.OPENCLAW_ADMISSION_TIMEOUT_SECONDS * 1000;
  const first = {
    name: DEFAULT_TARGET,
    url: config.OPENCLAW_URL,
    token: config.OPENCLAW_TOKEN,
    gatewayToken: config.OPENCLAW_GATEWAY_TOKEN,
  };
  const clients = new Map(
    [first, ...config.OPENCLAW_TARGETS].map((target) => [
      target.name,
      createOpenClawClient({ ...target, admissionTimeoutMs }),
    ]),
  );
  return {
    names: [...clients.keys()],
    get(name) {
      const client = clients.get(name);
      if (!client) throw new Error(`There is no OpenClaw called ${name} in OPENCLAW_TARGETS`);
      return client;
    },
  };
}
