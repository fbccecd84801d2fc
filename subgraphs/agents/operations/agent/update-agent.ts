import { z } from 'zod';
import { differing } from '../../../../platform/database/field-table.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { ContextWithSettings } from '../../settings.ts';
import { requireProjects, requireTarget, UPDATE_INPUTS } from './steps/agent-input.ts';
import { changeAgent } from './steps/change-agent.ts';
import { lockOwnAgent } from './steps/lock-agent.ts';

const Input = z.strictObject({ ...UPDATE_INPUTS, id: z.string(), expectedVersion: z.int().nullish() });

/**
 * Changes an agent. Its runs go on: a lower `maxConcurrent` and `isEnabled: false` only keep others waiting.
 * No-op changes are ignored: no event, no new version.
 *
 * Throws what `lockOwnAgent` throws, INVALID for a new target that is not in the settings, and NOT_FOUND for a new
 * project in which the actor has no role. What the agent has already may stay, whatever has become of it.
 */
export const updateAgent = defineOperation(
  'agentUpdate',
  Input,
  (ctx: ContextWithSettings, { id, expectedVersion, openClaw, ...values }) =>
    ctx.transact(async (tx) => {
      const agent = await lockOwnAgent(tx, { id, expectedVersion });
      if (tx.isRepeat) return agent;
      const changes = differing(agent, { ...values, target: openClaw ?? undefined });
      if (changes.target) requireTarget(ctx.settings.targets, changes.target);
      const added = changes.projectIds?.filter((projectId) => !agent.projectIds?.includes(projectId));
      await requireProjects(tx, added);
      await changeAgent(tx, agent, changes);
      return agent;
    }),
);
