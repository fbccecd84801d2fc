import { z } from 'zod';
import { DomainError } from './errors.ts';

/** Checks a mutation's input. Throws INVALID for the first broken rule, naming the argument at fault. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).map(String);
  throw new DomainError('INVALID', `${path.at(-1) ?? 'The input'}: ${issue?.message}`, {
    field: ['input', ...path],
  });
}

/** Text that PostgreSQL and JSON can hold: no NUL, no half of a surrogate pair. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');
const NOT_STORABLE = 'holds characters that cannot be stored (NUL or broken Unicode)';

/** A line of text: trimmed, `min` to `max` characters. */
export const line = (min: number, max: number) =>
  z
    .string()
    .trim()
    .min(min, min === 1 ? 'must not be empty' : `must have at least ${min} characters`)
    .max(max, `must have at most ${max} characters`)
    .refine(isStorable, NOT_STORABLE);

/** Text of several lines, kept as it is; at most `max` characters. */
export const text = (max: number) =>
  z.string().max(max, `must have at most ${max} characters`).refine(isStorable, NOT_STORABLE);

/** Text of several lines that says something. */
export const nonBlankText = (max: number) =>
  text(max).refine((value) => value.trim() !== '', 'must not be empty');

/** A whole number within bounds, both inclusive. */
export const whole = (min: number, max: number) =>
  z.int().min(min, `must be ${min} to ${max}`).max(max, `must be ${min} to ${max}`);

/** The address of a picture: https only, so that no page loads it in the clear. */
export const httpsUrl = z
  .url({ protocol: /^https$/, message: 'must be an https address' })
  .max(2_000, 'must have at most 2000 characters')
  .refine(isStorable, NOT_STORABLE);

export const idempotencyKey = line(1, 200).nullish();

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text can be one of our ids at all; PostgreSQL answers other texts with an error. */
export const isUuid = (id: string): boolean => UUID.test(id);
