import type { EntityClass, FilterQuery } from '@mikro-orm/core';
import type { z } from 'zod';
import { once } from '../event-log/idempotency.ts';
import type { Transaction } from '../event-log/transaction.ts';
import { payload } from '../graphql/user-errors.ts';
import { parseInput } from '../input/input.ts';
import type { RequestContext } from './request.ts';

/** One verb of the API: its name, the schema of its input, and its work. */
export interface Operation<Context, Schema extends z.ZodType, Result> {
  /** Checks the input and does the work. Throws DomainError for expected failures. */
  (ctx: Context, rawInput: unknown): Promise<Result>;
  /** The name of the mutation. */
  readonly verb: string;
  readonly input: Schema;
}

/**
 * Defines the operation of a mutation.
 *
 * `tests/completeness.test.ts` compares the schema with the SDL: keys, kinds, nullability, defaults and enum values.
 */
export const defineOperation = <Context extends RequestContext, Schema extends z.ZodType, Result>(
  verb: string,
  input: Schema,
  work: (ctx: Context, input: z.infer<Schema>) => Promise<Result>,
): Operation<Context, Schema, Result> =>
  Object.assign(async (ctx: Context, rawInput: unknown) => work(ctx, parseInput(verb, input, rawInput)), {
    verb,
    input,
  });

/** Makes the resolver of a mutation. It answers with the payload, or with the expected failure in `userErrors`. */
export const mutation = <Context extends RequestContext, Schema extends z.ZodType, Result>(
  operation: Operation<Context, Schema, Result>,
  toPayload: (result: Result, ctx: Context) => object | Promise<object>,
) =>
  Object.assign(
    (_root: unknown, { input }: { input: unknown }, ctx: Context) =>
      payload(async () => toPayload(await operation(ctx, input), ctx)) as never,
    { operation },
  );

/**
 * Creates a row once: a repeat by the same actor with the same `idempotencyKey` returns the row that the first call
 * made, as it is now. `work` runs in a transaction and returns the new row.
 *
 * Throws IDEMPOTENCY_MISMATCH when the key comes with another input.
 */
export async function createOnce<Entity extends { id: string }>(
  ctx: RequestContext,
  {
    verb,
    input: { idempotencyKey, ...input },
  }: { verb: string; input: { idempotencyKey?: string | null | undefined } },
  entity: EntityClass<Entity>,
  work: (tx: Transaction) => Promise<Entity>,
): Promise<Entity> {
  return ctx.transact(async (tx) => {
    const call = { verb, key: idempotencyKey, input };
    const id = await once(tx, call, async () => (await work(tx)).id);
    return tx.em.findOneOrFail(entity, { id } as FilterQuery<Entity>) as Promise<Entity>;
  });
}
