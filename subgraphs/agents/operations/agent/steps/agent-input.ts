import { isUniqueViolation } from '../../../../../platform/database/database.ts';
import { createInputs, updateInputs } from '../../../../../platform/database/field-inputs.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../../platform/input/errors.ts';
import { requireProject, requireWorkspaceAdmin } from '../../../access.ts';
import { AGENT_FIELDS } from '../../../entities/agent-fields.ts';
import type { Targets } from '../../../openclaw/targets.ts';
import type { ContextWithSettings } from '../../../settings.ts';

/** The API calls the target of an agent `openClaw`. */
const nameTarget = <Inputs extends { target: unknown }>({ target, ...inputs }: Inputs) => ({
  ...inputs,
  openClaw: target as Inputs['target'],
});

export const CREATE_INPUTS = nameTarget(createInputs(AGENT_FIELDS));
export const UPDATE_INPUTS = nameTarget(updateInputs(AGENT_FIELDS));

const PROJECTS = ['input', 'projectIds'];

/**
 * Checks the projects that an agent is to be for: null for all, undefined when they stay. Throws NOT_FOUND for a project in
 * which the actor has no role, FORBIDDEN where the actor is no member, and for all projects when it is no admin of the
 * workspace.
 */
export async function requireProjects(
  who: Pick<Transaction, 'actor' | 'grants'>,
  projectIds: readonly string[] | null | undefined,
): Promise<void> {
  if (projectIds === null)
    requireWorkspaceAdmin(who, 'open an agent to all projects; name projects', PROJECTS);
  for (const id of projectIds ?? []) await requireProject(who, id, 'MEMBER', PROJECTS);
}

/** Throws FORBIDDEN when the settings leave it to admins of the workspace to add agents, and the actor is none. */
export function requireAdder(
  { actor, settings }: Pick<ContextWithSettings, 'actor' | 'settings'>,
  field: readonly string[],
): void {
  if (settings.agentsAddedBy === 'admins')
    requireWorkspaceAdmin({ actor }, 'add agents of an OpenClaw', field);
}

/** Says which index keeps slugs apart as the error of an input. Other errors are thrown as they are. */
export function asTakenSlug(error: unknown, slug: string, field: string): unknown {
  if (!isUniqueViolation(error, 'agent_slug_in_use')) return error;
  const message = `Another agent of this OpenClaw has the slug ${slug}. An admin of the workspace can take that one over`;
  return new DomainError('DUPLICATE', message, { field: ['input', field] });
}

/** Throws INVALID for a target that is not in the settings. */
export function requireTarget({ names }: Pick<Targets, 'names'>, name: string): string {
  if (names.includes(name)) return name;
  const message = `openClaw: there is none called ${name}; there are ${names.join(', ')}`;
  throw new DomainError('INVALID', message, { field: ['input', 'openClaw'] });
}
