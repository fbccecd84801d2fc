/**
 * Runs a chaos scenario against the whole system and checks the invariants; see README.md.
 *
 *   npm run chaos                                   1,000 cycles, five processes on PostgreSQL and Redis
 *   npm run chaos -- --form embedded --cycles 300   one process, as `npm start` starts it
 *   npm run chaos -- --seed 42                      the plan of seed 42
 *   npm run chaos -- --output chaos.log             writes the output of the processes to a file
 *
 * Exits with 0 when every invariant holds, with 1 on a violation or when the scenario did not end.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { checkInvariants } from './checker.ts';
import type { ScenarioOptions } from './plan.ts';
import { describeResults, describeScenario } from './report.ts';
import { runScenario } from './scenario.ts';

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
  .parse(values) satisfies ScenarioOptions;
/** The time limit of the scenario. */
const MINUTES_MAX = 10 + options.cycles / (options.form === 'embedded' ? 12 : 30);

console.log(`seed ${options.seed}, ${options.cycles} cycles, form ${options.form}`);
const bound = setTimeout(() => {
  console.error(`The scenario did not end within ${MINUTES_MAX} minutes.`);
  process.exit(1); // the child processes end with this process
}, MINUTES_MAX * 60_000);

// Without a handler the processes of the system would survive a signal.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const startedAt = Date.now();
const result = await runScenario(options, (line) =>
  console.log(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(5)} s  ${line}`),
);
clearTimeout(bound);
if (values.output) writeFileSync(values.output, result.output);
const results = checkInvariants(result.history);
console.log(['', ...describeScenario(options, result), '', ...describeResults(results)].join('\n'));
const isPassed = results.every(({ violations }) => violations.length === 0);
console.log(
  isPassed ? '\nAll invariants hold.' : `\nInvariants are violated. Repeat with --seed ${options.seed}`,
);
process.exit(isPassed ? 0 : 1);
