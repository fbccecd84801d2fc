import { z } from 'zod';
import { isUniqueViolation } from '../../../../platform/database/database.ts';
import { createInputs } from '../../../../platform/database/field-inputs.ts';
import { requirePerson } from '../../../../platform/identity/actor.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { createOnce, defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireProject } from '../../access.ts';
import { Project } from '../../entities/project.ts';
import { PROJECT_FIELDS } from '../../entities/project-fields.ts';
import { insertProject } from './steps/insert-project.ts';

const Input = z.strictObject({
  ...createInputs(PROJECT_FIELDS),
  key: z.string().regex(/^[A-Z][A-Z0-9]{1,9}$/, 'must be 2 to 10 capital letters and digits, a letter first'),
});

/**
 * Creates a project and makes its creator its owner. Throws DUPLICATE when the key is taken, FORBIDDEN for an agent,
 * and NOT_FOUND for a repeat by a creator who is not a member any more.
 */
export const createProject = defineOperation('projectCreate', Input, async (ctx: RequestContext, input) => {
  const owner = requirePerson(ctx.actor);
  try {
    const project = await createOnce(ctx, Project, (tx) => insertProject(tx, owner, input));
    await requireProject(ctx, project.id, 'VIEWER', ['input', 'idempotencyKey']);
    return project;
  } catch (error) {
    if (!isUniqueViolation(error, 'project_key_unique')) throw error;
    throw new DomainError('DUPLICATE', `The key ${input.key} is taken; choose another`, {
      field: ['input', 'key'],
    });
  }
});
