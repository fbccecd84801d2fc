import type { ModelUsage, RunAttempt } from '../entities/run-attempt.ts';

/** What attempts cost together. A value that no attempt reported is null. */
export interface RunUsage extends Omit<ModelUsage, 'model'> {
  costStatus: 'REPORTED' | 'UNPRICED' | 'NOT_REPORTED';
  byModel: ModelUsage[];
}

/** Adds up what attempts cost. Sums stop at the largest number that JavaScript holds exactly. */
export function sumUsage(attempts: readonly Pick<RunAttempt, 'usage'>[]): RunUsage {
  const reported = attempts.flatMap(({ usage }) => usage ?? []);
  const byModel = [...Map.groupBy(reported, ({ model }) => model)].map(([model, usages]) => ({
    model,
    ...sums(usages),
  }));
  const total = sums(reported);
  const isPriced = total.costMicros !== null;
  const isReported = total.inputTokens !== null || total.outputTokens !== null;
  return { ...total, byModel, costStatus: isPriced ? 'REPORTED' : isReported ? 'UNPRICED' : 'NOT_REPORTED' };
}

const sums = (usages: readonly ModelUsage[]) => ({
  inputTokens: sum(usages.map(({ inputTokens }) => inputTokens)),
  outputTokens: sum(usages.map(({ outputTokens }) => outputTokens)),
  costMicros: sum(usages.map(({ costMicros }) => costMicros)),
});

const sum = (counts: readonly (number | null)[]): number | null =>
  counts.reduce(
    (total, count) => (count === null ? total : Math.min((total ?? 0) + count, Number.MAX_SAFE_INTEGER)),
    null,
  );
