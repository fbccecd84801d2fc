import { z } from 'zod';
import { DomainError } from './errors.ts';

/**
 * Checks a mutation's input. Throws INVALID with every broken rule, each naming the argument at fault.
 *
 * A key that the schema does not know is a plain Error, a fault of ours: GraphQL lets only keys of the SDL through, so
 * the operation `verb` would silently ignore what the SDL promises.
 */
export function parseInput<Schema extends z.ZodType>(
  verb: string,
  schema: Schema,
  input: unknown,
): z.infer<Schema> {
  const parsed = schema.safeParse(input, { error: explain });
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    throw new Error(`${verb} does not know ${issue.keys.join(', ')}: add it to the schema of its input`);
  }
  const [first, ...others] = parsed.error.issues.map(({ path, message }) => ({
    message: `${String(path.at(-1) ?? 'The input')}: ${message}`,
    field: ['input', ...path.map(String)],
  }));
  throw new DomainError('INVALID', first!.message, { field: first!.field, others });
}

/** Zod's own words for the kind of a value are for programmers. */
const explain: z.core.$ZodErrorMap = (issue) =>
  issue.code === 'invalid_type' && issue.input === null ? 'must not be null' : undefined;

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
