import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { DomainError, notFound, versionConflict } from '../../../platform/errors.ts';
import { httpsUrl, isUuid, line, parseInput, text, whole } from '../../../platform/input.ts';
import type { RequestContext } from '../../../platform/room.ts';
import { Agent } from '../entities/agent.ts';
import { publishAgent } from './publish-agent.ts';

const Input = z.object({
  id: z.string(),
  name: line(1, 100).optional(),
  model: line(1, 100).optional(),
  systemPrompt: text(20_000).nullish(),
  maxConcurrent: whole(1, 100).optional(),
  isEnabled: z.boolean().optional(),
  avatarUrl: httpsUrl.nullish(),
  expectedVersion: z.int().nullish(),
});

/**
 * Changes an agent. Runs under way go on: a lower `maxConcurrent` and `isEnabled: false` only keep new ones waiting.
 * Throws FORBIDDEN for whoever is not the owner, VERSION_CONFLICT when it is not at `expectedVersion`.
 */
export async function updateAgent(ctx: RequestContext, rawInput: unknown): Promise<Agent> {
  const { id, expectedVersion, ...changes } = parseInput(Input, rawInput);
  if (!isUuid(id)) throw notFound('Agent', id, ['input', 'id']);
  return ctx.transact(async (tx) => {
    const agent = await tx.em.findOne(Agent, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!agent) throw notFound('Agent', id, ['input', 'id']);
    if (agent.ownerId !== ctx.viewer.id) {
      throw new DomainError('FORBIDDEN', 'Only its owner changes an agent', { field: ['input', 'id'] });
    }
    if (expectedVersion != null && agent.version !== expectedVersion) throw versionConflict({ agent });
    tx.em.assign(agent, withoutUndefined(changes));
    await tx.em.flush();
    await publishAgent(tx, id);
    return agent;
  });
}

const withoutUndefined = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
