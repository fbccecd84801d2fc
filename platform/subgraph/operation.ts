import type { EntityClass, FilterQuery } from '@mikro-orm/core';
import type { z } from 'zod';
import type { Transaction } from '../event-log/transaction.ts';
import { payload } from '../graphql/user-errors.ts';
import { idempotencyKey, parseInput } from '../input/input.ts';
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
 * Defines the operation of a mutation. `fields` are its arguments; every operation takes an `idempotencyKey` besides.
 *
 * `work` opens one transaction with `ctx.transact`, which claims the key: in a repeat `tx.isRepeat` is true.
 * `tests/completeness.test.ts` compares the schema with the SDL: keys, kinds, nullability, defaults and enum values.
 */
export const defineOperation = <Context extends RequestContext, Shape extends z.ZodRawShape, Result>(
  verb: string,
  fields: z.ZodObject<Shape, z.core.$strict>,
  work: (ctx: Context, input: z.infer<z.ZodObject<Shape, z.core.$strict>>) => Promise<Result>,
): Operation<Context, z.ZodObject<Shape, z.core.$strict>, Result> => {
  const schema = fields.extend({ idempotencyKey });
  const operate = async (ctx: Context, rawInput: unknown) => {
    const { idempotencyKey: key, ...input } = parseInput(verb, schema, rawInput) as ParsedInput<Shape>;
    const call = key == null ? null : { verb, key, input };
    const inCall: Context = { ...ctx, transact: (work) => ctx.transact(work, call) };
    return work(inCall, input as never);
  };
  return Object.assign(operate, { verb, input: schema as never });
};

type ParsedInput<Shape extends z.ZodRawShape> = z.infer<z.ZodObject<Shape>> & {
  idempotencyKey?: string | null | undefined;
};

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
 */
export async function createOnce<Entity extends { id: string }>(
  ctx: RequestContext,
  entity: EntityClass<Entity>,
  work: (tx: Transaction) => Promise<Entity>,
): Promise<Entity> {
  return ctx.transact(async (tx) => {
    if (tx.isRepeat) return findCreated(tx, entity, tx.call?.resultId);
    const { id } = await work(tx);
    await tx.call?.keepResult(tx.em, id);
    return findCreated(tx, entity, id);
  });
}

const findCreated = <Entity extends object>(
  { em }: Transaction,
  entity: EntityClass<Entity>,
  id: string | null | undefined,
): Promise<Entity> => em.findOneOrFail(entity, { id } as FilterQuery<NoInfer<Entity>>) as Promise<Entity>;
