import type { AgentsConfig } from '../config.ts';
import { createOpenClaw, type OpenClaw } from './client.ts';

/** Every OpenClaw that agents can run in, by the name that agents know it by. */
export interface Targets {
  /** The one of OPENCLAW_URL first. */
  readonly names: readonly string[];
  /** Throws for a name that is no longer in the settings: the agent's owner must choose another. */
  get(name: string): OpenClaw;
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
  const targets = new Map(
    [first, ...config.OPENCLAW_TARGETS].map((target) => [
      target.name,
      createOpenClaw({ ...target, admissionTimeoutMs }),
    ]),
  );
  return {
    names: [...targets.keys()],
    get(name) {
      const target = targets.get(name);
      if (!target) throw new Error(`There is no OpenClaw called ${name} in OPENCLAW_TARGETS`);
      return target;
    },
  };
}
