/**
 * Plays a storm against the whole system and judges what it left behind; see README.md.
 *
 *   npm run chaos                                   1,000 cycles, five processes on PostgreSQL and Redis
 *   npm run chaos -- --form embedded --cycles 300   one process, as `npm start` makes it
 *   npm run chaos -- --seed 42                      the same faults as every storm of this seed
 *   npm run chaos -- --output storm.log             what the processes wrote, for looking into a violation
 *
 * Exits 0 when every invariant holds, 1 on a violation or when the storm could not be played to its end.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { judge } from './checker.ts';
import type { StormOptions } from './plan.ts';
import { describeStorm, describeVerdicts } from './report.ts';
import { playStorm } from './storm.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    cycles: { type: 'string', default: '1000' },
    form: { type: 'string', default: 'services' },
    output: { type: 'string' },
  },
});
const options = z
  .object({
    seed: z.coerce.number().int().min(0),
    cycles: z.coerce.number().int().min(1),
    form: z.enum(['services', 'embedded']),
  })
  .parse(values) satisfies StormOptions;
/** A storm that takes longer than this hangs. */
const MINUTES_MAX = 10 + options.cycles / (options.form === 'embedded' ? 12 : 30);

console.log(`seed ${options.seed}, ${options.cycles} cycles, form ${options.form}`);
const bound = setTimeout(() => {
  console.error(`The storm was not over within ${MINUTES_MAX} minutes.`);
  process.exit(1); // its processes end with this one
}, MINUTES_MAX * 60_000);

// A signal alone would leave the system's processes behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const startedAt = Date.now();
const result = await playStorm(options, (line) =>
  console.log(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(5)} s  ${line}`),
);
clearTimeout(bound);
if (values.output) writeFileSync(values.output, result.output);
const verdicts = judge(result.history);
console.log(['', ...describeStorm(options, result), '', ...describeVerdicts(verdicts)].join('\n'));
const isWhole = verdicts.every(({ violations }) => violations.length === 0);
console.log(isWhole ? '\nEverything holds.' : `\nViolated. Play it again with --seed ${options.seed}`);
process.exit(isWhole ? 0 : 1);
