import { createInputs, updateInputs } from '../../../../../platform/database/field-inputs.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../../platform/input/errors.ts';
import { requireProject } from '../../../access.ts';
import { AGENT_FIELDS } from '../../../entities/agent-fields.ts';
import type { Targets } from '../../../openclaw/targets.ts';

/** The API calls the target of an agent `openClaw`. */
const nameTarget = <Inputs extends { target: unknown }>({ target, ...inputs }: Inputs) => ({
  ...inputs,
  openClaw: target as Inputs['target'],
});

export const CREATE_INPUTS = nameTarget(createInputs(AGENT_FIELDS));
export const UPDATE_INPUTS = nameTarget(updateInputs(AGENT_FIELDS));

/** Throws NOT_FOUND for a project in which the actor has no role. */
export async function requireProjects(
  who: Pick<Transaction, 'actor' | 'grants'>,
  projectIds: readonly string[] | null | undefined,
): Promise<void> {
  for (const id of projectIds ?? []) await requireProject(who, id, 'VIEWER', ['input', 'projectIds']);
}

/** Throws INVALID for a target that is not in the settings. */
export function requireTarget({ names }: Pick<Targets, 'names'>, name: string): string {
  if (names.includes(name)) return name;
  const message = `openClaw: there is none called ${name}; there are ${names.join(', ')}`;
  throw new DomainError('INVALID', message, { field: ['input', 'openClaw'] });
}
