import { z } from 'zod';
import { createInputs } from '../../../../platform/database/field-inputs.ts';
import { createOnce, defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { requireProject } from '../../access.ts';
import { Task } from '../../entities/task.ts';
import { TASK_FIELDS } from '../../entities/task-fields.ts';
import { insertTask } from './steps/insert-task.ts';

const Input = z.strictObject({
  ...createInputs(TASK_FIELDS),
  projectId: z.string(),
  columnId: z.string().nullish(),
  parentId: z.string().nullish(),
});

/** Creates a task at the end of a column. Throws what `insertTask` throws. */
export const createTask = defineOperation('taskCreate', Input, async (ctx: RequestContext, input) => {
  await requireProject(ctx, input.projectId, 'MEMBER', ['input', 'projectId']);
  return createOnce(ctx, Task, (tx) => insertTask(tx, input));
});
