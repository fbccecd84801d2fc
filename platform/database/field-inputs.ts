import { z } from 'zod';
import type { ChangeableField } from './field-table.ts';

/** The schemas of a table's fields that inputs set, by property. */
export type CreateInputs<Table> = {
  [Field in keyof Table as Table[Field] extends { input: z.ZodType } ? Field : never]: Table[Field] extends {
    input: infer Input extends z.ZodType;
  }
    ? Input
    : never;
};
type WithoutDefault<Input extends z.ZodType> =
  Input extends z.ZodDefault<infer Inner extends z.ZodType> ? Inner : Input;
export type UpdateInputs<Table> = {
  [Field in keyof CreateInputs<Table>]: CreateInputs<Table>[Field] extends infer Input extends z.ZodType
    ? z.ZodOptional<WithoutDefault<Input>>
    : never;
};

const inputsOf = (table: object) =>
  Object.entries<ChangeableField<never>>(table as never).flatMap(([field, { input }]) =>
    input ? [{ field, input }] : [],
  );

/** The arguments of a creating mutation: all fields of the table that inputs set, with their defaults. */
export const createInputs = <Table extends object>(table: Table): CreateInputs<Table> =>
  Object.fromEntries(inputsOf(table).map(({ field, input }) => [field, input])) as never;

/** The arguments of a changing mutation. A field that is left out stays as it is, so there are no defaults. */
export const updateInputs = <Table extends object>(table: Table): UpdateInputs<Table> =>
  Object.fromEntries(
    inputsOf(table).map(({ field, input }) => [
      field,
      z.optional(input instanceof z.ZodDefault ? (input.unwrap() as z.ZodType) : input),
    ]),
  ) as never;
