import { z } from 'zod';
import { cleanLine, cleanText, isBlank } from './clean-text.ts';
import { DomainError } from './errors.ts';

/**
 * Checks the input of a mutation. Throws INVALID with every broken rule, each with the argument at fault.
 *
 * Throws a plain Error, which is a fault of ours, for a key that the schema does not know: GraphQL accepts only keys of
 * the SDL, so the operation `verb` would silently ignore a part of the API.
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

/** Replaces Zod's messages for null, which are written for programmers. */
const explain: z.core.$ZodErrorMap = (issue) => (issue.input === null ? 'must not be null' : undefined);

/** Whether PostgreSQL and JSON can hold a text: it has neither NUL nor half of a surrogate pair. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');
const NOT_STORABLE = 'holds characters that cannot be stored (NUL or broken Unicode)';

/** One line of text, of `min` to `max` characters once `cleanLine` has removed what nobody sees. */
export const line = (min: number, max: number) =>
  z
    .string()
    .overwrite(cleanLine)
    .min(min, min === 1 ? 'must not be empty' : `must have at least ${min} characters`)
    .max(max, `must have at most ${max} characters`)
    .refine(isStorable, NOT_STORABLE);

/** Text of several lines, not trimmed, of at most `max` characters, without what `cleanText` removes. */
export const text = (max: number) =>
  z
    .string()
    .overwrite(cleanText)
    .max(max, `must have at most ${max} characters`)
    .refine(isStorable, NOT_STORABLE);

/** Text of several lines of which something can be seen, of at most `max` characters. */
export const nonBlankText = (max: number) =>
  text(max).refine((value) => !isBlank(value), 'must not be empty');

/** A whole number within bounds, both inclusive. */
export const whole = (min: number, max: number) =>
  z.int().min(min, `must be ${min} to ${max}`).max(max, `must be ${min} to ${max}`);

/** The address of a picture. It must be https, so that no page loads it without encryption. */
export const httpsUrl = z
  .url({ protocol: /^https$/, message: 'must be an https address' })
  .max(2_000, 'must have at most 2000 characters')
  .refine(isStorable, NOT_STORABLE)
  // Such an address is shown and kept in another form than the one that a browser asks for.
  .refine((url) => cleanLine(url) === url.normalize('NFC'), 'holds invisible characters');

/** A key is compared byte by byte, so nothing is removed from it. */
export const idempotencyKey = z
  .string()
  .min(1, 'must not be empty')
  .max(200, 'must have at most 200 characters')
  .refine(isStorable, NOT_STORABLE)
  .nullish();

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text has the form of our ids. For any other text a query by id would fail. */
export const isUuid = (id: string): boolean => UUID.test(id);
