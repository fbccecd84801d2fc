import { DomainError } from '../../../../../platform/input/errors.ts';
import type { RequestContext } from '../../../../../platform/subgraph/request.ts';
import { requireProject } from '../../../access.ts';
import { AGENT_FIELDS } from '../../../entities/agent-fields.ts';
import type { Targets } from '../../../openclaw/targets.ts';

/** The fields that inputs set, by the names of the API. */
export const AGENT_INPUT = {
  name: AGENT_FIELDS.name.input,
  model: AGENT_FIELDS.model.input,
  systemPrompt: AGENT_FIELDS.systemPrompt.input.nullish(),
  maxConcurrent: AGENT_FIELDS.maxConcurrent.input,
  isEnabled: AGENT_FIELDS.isEnabled.input,
  avatarUrl: AGENT_FIELDS.avatarUrl.input.nullish(),
  tags: AGENT_FIELDS.tags.input,
  projectIds: AGENT_FIELDS.projectIds.input.nullish(),
  openClaw: AGENT_FIELDS.target.input.nullish(),
};

/** Throws NOT_FOUND for a project in which the actor has no role. */
export async function requireProjects(
  ctx: RequestContext,
  projectIds: readonly string[] | null | undefined,
): Promise<void> {
  for (const id of projectIds ?? []) await requireProject(ctx, id, 'VIEWER', ['input', 'projectIds']);
}

/** Throws INVALID for a target that is not in the settings. */
export function requireTarget({ names }: Pick<Targets, 'names'>, name: string): string {
  if (names.includes(name)) return name;
  const message = `openClaw: there is none called ${name}; there are ${names.join(', ')}`;
  throw new DomainError('INVALID', message, { field: ['input', 'openClaw'] });
}
