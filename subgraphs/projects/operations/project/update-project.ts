import { z } from 'zod';
import { updateInputs } from '../../../../platform/database/field-inputs.ts';
import { applyChanges } from '../../../../platform/database/field-table.ts';
import { requireVersion } from '../../../../platform/input/errors.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { PROJECT_FIELDS } from '../../entities/project-fields.ts';
import { lockProject } from './steps/lock-project.ts';
import { publishProject } from './steps/publish-project.ts';

const Input = z.strictObject({
  id: z.string(),
  ...updateInputs(PROJECT_FIELDS),
  expectedVersion: z.int().nullish(),
});

/**
 * Changes a project's name or description. No-op changes are ignored: no event, no new version.
 * Throws VERSION_CONFLICT when the project is not at `expectedVersion`.
 */
export const updateProject = defineOperation(
  'projectUpdate',
  Input,
  (ctx: RequestContext, { id, expectedVersion, ...changes }) =>
    ctx.transact(async (tx) => {
      const { project } = await lockProject(tx, id, 'ADMIN', ['input', 'id']);
      if (tx.isRepeat) return project;
      requireVersion({ project }, expectedVersion);
      if (applyChanges(project, PROJECT_FIELDS, changes).length === 0) return project;
      project.updatedAt = await tx.now();
      publishProject(tx, project);
      return project;
    }),
);
