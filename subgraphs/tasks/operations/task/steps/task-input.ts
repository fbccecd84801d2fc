import { z } from 'zod';
import { line, text } from '../../../../../platform/input/input.ts';
import { PRIORITIES } from '../../../entities/task.ts';

const CHECKLIST_ITEMS_MAX = 100;

/** The bounds of a task's fields, the same at its creation and later. */
export const TaskInput = {
  title: line(1, 200),
  description: text(20_000).nullish(),
  priority: z.enum(PRIORITIES),
  assigneeId: z.string().nullish(),
  checklist: z
    .array(z.object({ text: line(1, 500), isDone: z.boolean().default(false) }))
    .max(CHECKLIST_ITEMS_MAX, `must have at most ${CHECKLIST_ITEMS_MAX} items`),
};
