import { z } from 'zod';
import {
  type ChangeableField,
  type ChangedProperty,
  defineFieldTable,
} from '../../../platform/database/field-table.ts';
import { line, text } from '../../../platform/input/input.ts';
import { type ChecklistItem, PRIORITIES, Task } from './task.ts';

const CHECKLIST_ITEMS_MAX = 100;

const checklist = z
  .array(z.strictObject({ text: line(1, 500), isDone: z.boolean().default(false) }))
  .max(CHECKLIST_ITEMS_MAX, `must have at most ${CHECKLIST_ITEMS_MAX} items`);

/** A checklist as a Markdown list; null when it has no items. */
const tellChecklist = (items: ChecklistItem[]): string | null =>
  items.map(({ text, isDone }) => `- [${isDone ? 'x' : ' '}] ${text}`).join('\n') || null;

/**
 * Everything that can change of a task. The inputs of `taskCreate` and `taskUpdate`, the history and `changedFields`
 * derive from this table.
 *
 * `input` is the argument of `taskCreate`; `taskUpdate` takes it without its default. Null makes a field empty.
 * A field without `input` is changed by moving, by archiving or by a run.
 */
export const TASK_FIELDS = defineFieldTable(Task, {
  title: { input: line(1, 200), apiNames: ['title'] },
  description: { input: text(20_000).nullish(), apiNames: ['description'] },
  checklist: {
    input: checklist.nullish().transform((items) => (items === null ? [] : items)),
    apiNames: ['checklist'],
    tell: tellChecklist,
  },
  priority: { input: z.enum(PRIORITIES).default('NONE'), apiNames: ['priority'] },
  assigneeId: { input: z.string().nullish(), apiNames: ['assignee'] },
  delegateId: { apiNames: ['delegate'] },
  columnId: { apiNames: ['column', 'category'] },
  rank: { apiNames: ['rank'] },
  archivedAt: {
    apiNames: ['archivedAt'],
    tell: (time: Date | null | undefined) => time?.toISOString() ?? null,
  },
});
export type TaskField = keyof typeof TASK_FIELDS;

/** New values of a task's fields. A field that is undefined stays as it is. */
export type TaskChanges = { readonly [Field in TaskField]?: Task[Field] | undefined };

/**
 * The columns that no operation changes, with their names in the API. They keep their first value, or the ORM writes
 * them with every change. A column of `Task` that is neither here nor in `TASK_FIELDS` is a type error.
 */
export const FIXED_FIELDS = {
  id: 'id',
  projectId: 'project',
  number: 'number',
  ref: 'ref',
  reporterId: 'reporter',
  parentId: 'parent',
  createdAt: 'createdAt',
  version: 'version',
  updatedAt: 'updatedAt',
} as const satisfies Record<Exclude<Extract<keyof Task, string>, TaskField>, string>;

/** The fields of the API that change with the dependencies of a task. The first one names them in histories. */
export const DEPENDENCY_API_NAMES = ['blockedBy', 'isBlocked'] as const;

/** The names of all fields of the GraphQL type `Task`, which are the `changedFields` of a new task. */
export const ALL_API_NAMES: readonly string[] = [
  ...Object.values(FIXED_FIELDS),
  ...Object.values(TASK_FIELDS).flatMap(({ apiNames }) => apiNames),
  ...DEPENDENCY_API_NAMES,
  'subtasks',
  'subtaskProgress',
  'history',
  'comments',
];

/** A change of one field as the history shows it: the field's name in the API, its values as text, null for none. */
export interface ToldChange {
  readonly field: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** Tells a change by the values of the field. */
export function tellChange({ property, before, after }: ChangedProperty<TaskField>): ToldChange {
  const { apiNames, tell = String }: ChangeableField<never> = TASK_FIELDS[property];
  const asText = (value: unknown) => (value == null ? null : tell(value as never));
  return { field: apiNames[0]!, from: asText(before), to: asText(after) };
}
