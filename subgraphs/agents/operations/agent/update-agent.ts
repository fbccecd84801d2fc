import { z } from 'zod';
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
 * Throws what `lockOwnAgent` throws, INVALID for a target that is not in the settings, and NOT_FOUND for a project in
 * which the actor has no role.
 */
export const updateAgent = defineOperation(
  'agentUpdate',
  Input,
  async (ctx: ContextWithSettings, { id, expectedVersion, openClaw, ...changes }) => {
    const target = openClaw == null ? undefined : requireTarget(ctx.settings.targets, openClaw);
    await requireProjects(ctx, changes.projectIds);
    return ctx.transact(async (tx) => {
      const agent = await lockOwnAgent(tx, { id, expectedVersion });
      if (!tx.isRepeat) await changeAgent(tx, agent, { ...changes, target });
      return agent;
    });
  },
);
