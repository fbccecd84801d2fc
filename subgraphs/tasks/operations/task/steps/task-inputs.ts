import { z } from 'zod';
import type { ChangeableField } from '../../../../../platform/database/field-table.ts';
import { TASK_FIELDS } from '../../../entities/task-fields.ts';

type Fields = typeof TASK_FIELDS;
type CreateInputs = {
  [Field in keyof Fields as Fields[Field] extends { input: z.ZodType }
    ? Field
    : never]: Fields[Field] extends {
    input: infer Input extends z.ZodType;
  }
    ? Input
    : never;
};
type WithoutDefault<Input extends z.ZodType> =
  Input extends z.ZodDefault<infer Inner extends z.ZodType> ? Inner : Input;
type UpdateInputs = { [Field in keyof CreateInputs]: z.ZodOptional<WithoutDefault<CreateInputs[Field]>> };

const inputs = Object.entries<ChangeableField<never>>(TASK_FIELDS).flatMap(([field, { input }]) =>
  input ? [{ field, input }] : [],
);

/** The arguments of `taskCreate` that set fields of the new task. */
export const CREATE_INPUTS = Object.fromEntries(
  inputs.map(({ field, input }) => [field, input]),
) as CreateInputs;

/** The arguments of `taskUpdate` that set fields. A field that is left out stays as it is, so there are no defaults. */
export const UPDATE_INPUTS = Object.fromEntries(
  inputs.map(({ field, input }) => [
    field,
    z.optional(input instanceof z.ZodDefault ? input.unwrap() : input),
  ]),
) as UpdateInputs;
