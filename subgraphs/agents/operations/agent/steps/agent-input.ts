import { z } from 'zod';
import { DomainError, notFound } from '../../../../../platform/input/errors.ts';
import { httpsUrl, line, text, whole } from '../../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../../platform/subgraph/subgraph.ts';
import { requireProject } from '../../../access.ts';

/** The rules for what people set of an agent, for creating and for changing it. */
export const AGENT_FIELDS = {
  name: line(1, 100),
  model: line(1, 100),
  systemPrompt: text(20_000).nullish(),
  maxConcurrent: whole(1, 100),
  isEnabled: z.boolean(),
  avatarUrl: httpsUrl.nullish(),
  tags: z.array(line(1, 40)).max(20, 'must have at most 20 items'),
  projectIds: z
    .array(z.string())
    .min(1, 'must name a project, or be null for all')
    .max(100, 'must have at most 100 items')
    .nullish(),
  openClaw: line(1, 40).nullish(),
};

/** Throws NOT_FOUND for a project that the viewer is not a member of. */
export async function requireProjects(
  ctx: RequestContext,
  projectIds: readonly string[] | null | undefined,
): Promise<void> {
  for (const id of projectIds ?? []) await requireProject(ctx, id, 'VIEWER', ['input', 'projectIds']);
}

/** Throws INVALID for an OpenClaw that is not in the settings. */
export function requireTarget(names: readonly string[], name: string): string {
  if (names.includes(name)) return name;
  const message = `openClaw: there is none called ${name}; there are ${names.join(', ')}`;
  throw new DomainError('INVALID', message, { field: ['input', 'openClaw'] });
}

/** Throws FORBIDDEN for whoever is not the owner; NOT_FOUND is for the caller to throw. */
export function requireOwner(ctx: RequestContext, agent: { ownerId: string }): void {
  if (agent.ownerId !== ctx.viewer.id)
    throw new DomainError('FORBIDDEN', 'Only its owner may do this', { field: ['input', 'id'] });
}

export const agentNotFound = (id: string) => notFound('Agent', id, ['input', 'id']);
