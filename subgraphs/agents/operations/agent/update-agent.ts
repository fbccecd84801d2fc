import { z } from 'zod';
import { parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import type { Agent } from '../../entities/agent.ts';
import { AGENT_FIELDS, requireProjects, requireTarget } from './steps/agent-input.ts';
import { applyAgentChanges } from './steps/apply-agent-changes.ts';

const Input = z.object(AGENT_FIELDS).partial().extend({ id: z.string(), expectedVersion: z.int().nullish() });

/**
 * Changes an agent. Runs under way go on: a lower `maxConcurrent` and `isEnabled: false` only keep new ones waiting.
 * Throws what `applyAgentChanges` throws, and INVALID for an OpenClaw that is not in the settings.
 */
export async function updateAgent(
  ctx: RequestContext,
  rawInput: unknown,
  { targets }: { targets: readonly string[] },
): Promise<Agent> {
  const { id, expectedVersion, openClaw, ...changes } = parseInput(Input, rawInput);
  const target = openClaw == null ? undefined : requireTarget(targets, openClaw);
  await requireProjects(ctx, changes.projectIds);
  return applyAgentChanges(ctx, { id, expectedVersion }, (agent, { em }) =>
    em.assign(agent, withoutUndefined({ ...changes, target })),
  );
}

const withoutUndefined = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
