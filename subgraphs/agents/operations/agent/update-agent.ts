import { z } from 'zod';
import { differing } from '../../../../platform/database/field-table.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { Agent } from '../../entities/agent.ts';
import type { ContextWithSettings } from '../../settings.ts';
import {
  asTakenSlug,
  requireAdder,
  requireProjects,
  requireTarget,
  UPDATE_INPUTS,
} from './steps/agent-input.ts';
import { type AgentChanges, changeAgent } from './steps/change-agent.ts';
import { lockManagedAgent } from './steps/lock-agent.ts';

const Input = z.strictObject({ ...UPDATE_INPUTS, id: z.string(), expectedVersion: z.int().nullish() });

/**
 * Changes an agent. Its runs go on: a lower `maxConcurrent` and `isEnabled: false` only keep others waiting.
 * No-op changes are ignored: no event, no new version.
 *
 * Throws what `lockManagedAgent` throws, and for new values what `agentCreate` throws. What the agent has already may
 * stay, whatever has become of it.
 */
export const updateAgent = defineOperation(
  'agentUpdate',
  Input,
  (ctx: ContextWithSettings, { id, expectedVersion, openClaw, ...values }) =>
    ctx.transact(async (tx) => {
      const agent = await lockManagedAgent(tx, { id, expectedVersion });
      if (tx.isRepeat) return agent;
      const changes = differing(agent, { ...values, target: openClaw ?? undefined });
      await requireMayChange(ctx, tx, agent, changes);
      await changeAgent(tx, agent, changes);
      if (changes.target) await flushTarget(tx, agent);
      return agent;
    }),
);

async function requireMayChange(
  ctx: ContextWithSettings,
  tx: Transaction,
  agent: Agent,
  { target, projectIds }: AgentChanges,
): Promise<void> {
  if (target) requireAdder(ctx, ['input', 'openClaw']);
  if (target) requireTarget(ctx.settings.targets, target);
  const added = projectIds?.filter((projectId) => !agent.projectIds?.includes(projectId));
  await requireProjects(tx, projectIds === null ? null : added);
}

/** Another agent may have the slug in the new target. */
const flushTarget = (tx: Transaction, { slug }: Agent): Promise<void> =>
  tx.em.flush().catch((error: unknown) => {
    throw asTakenSlug(error, slug, 'openClaw');
  });
