/** Runs the contract suite against the simulator and against the real OpenClaw; see README.md. */
import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { readConfig } from '../platform/process/config.ts';
import { startRealSubject } from './real-subject.ts';
import { startSimulatorSubject } from './simulator-subject.ts';
import type { Subject } from './subject.ts';
import { type Result, runSuite } from './suite.ts';

const { TEST_OPENCLAW_DIR } = readConfig(
  z.object({ TEST_OPENCLAW_DIR: z.string().default(path.join(homedir(), '.cache', 'team-board')) }),
);

async function test(subject: Subject): Promise<Result[]> {
  try {
    return await runSuite(subject);
  } finally {
    await subject.close();
  }
}

console.log(`OpenClaw is installed in ${TEST_OPENCLAW_DIR} unless it is there (650 MB, about a minute)`);
console.log('testing the simulator …');
const simulator = await test(await startSimulatorSubject());
console.log('testing the real OpenClaw, about four minutes …');
const real = await test(await startRealSubject(TEST_OPENCLAW_DIR));

const width = Math.max(...real.map(({ name }) => name.length));
const cell = ({ isPassed, ms }: Result) =>
  `${isPassed ? 'passed' : 'FAILED'} ${(ms / 1000).toFixed(1).padStart(5)} s`;
console.log(`${'case'.padEnd(width)} | simulator      | real`);
for (const [index, result] of real.entries())
  console.log(`${result.name.padEnd(width)} | ${cell(simulator[index]!)} | ${cell(result)}`);

const failed = Object.entries({ simulator, real }).flatMap(([subject, results]) =>
  results.filter(({ isPassed }) => !isPassed).map((result) => ({ subject, ...result })),
);
for (const { subject, name, observed, expected } of failed) {
  console.log(
    `\n${subject}: ${name}\n  expected ${JSON.stringify(expected)}\n  observed ${JSON.stringify(observed)}`,
  );
}
process.exitCode = failed.length > 0 ? 1 : 0;
