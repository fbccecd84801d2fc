/**
 * Measures what other people feel while one person attacks with one connection:
 *
 *   npm run bench:attacks                          each attack for 15 seconds, against five processes
 *   npm run bench:attacks -- --form embedded       the same against one process
 *   npm run bench:attacks -- --only replays        the attacks whose name contains a text
 *   npm run bench:attacks -- --soak-minutes 60     all attacks in turn, again and again, with the memory of each process
 *
 * Prints medians and 99th percentiles in milliseconds of ordinary requests and live events, before and during each attack.
 * Exits with 1 when the 99th percentile of an attack is more than RATIO_MAX times that before, and more than
 * HARMLESS_MS. The load comes from the same machine, so compare only figures of one run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type System, startSystem } from '../../tests/system.ts';
import { ATTACKS, type Target } from './attacks.ts';
import { formatTimes, type OrdinaryPerson, startOrdinaryPerson, type Times } from './ordinary-person.ts';
import { makeTarget } from './target.ts';

const { values: options } = parseArgs({
  options: {
    form: { type: 'string', default: 'services' },
    seconds: { type: 'string', default: '15' },
    only: { type: 'string', default: '' },
    'soak-minutes': { type: 'string', default: '0' },
  },
});
const SECONDS = Number(options.seconds);
const SOAK_MINUTES = Number(options['soak-minutes']);
/** How much longer the slowest hundredth of requests may take during an attack. */
const RATIO_MAX = 2;
/** Below this a person notices nothing, whatever the ratio. */
const HARMLESS_MS = 100;
const ATTACKER = fileURLToPath(new URL('attacker.ts', import.meta.url));

/** Starts the process of an attacker. Returns a function that ends it and returns what it counted. */
function startAttack(name: string, target: Target): () => Promise<string> {
  const args = ['--disable-warning=ExperimentalWarning', ATTACKER, name, JSON.stringify(target)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = text(child.stdout);
  return async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
    return (await output).trim();
  };
}

const isHurt = (before: number, during: number) => during > HARMLESS_MS && during > RATIO_MAX * before;

async function measure(name: string, person: OrdinaryPerson, target: Target): Promise<boolean> {
  await pause(2_000); // what the last attack left behind has time to end
  const before = await person.measure(SECONDS * 1_000);
  const end = startAttack(name, target);
  await pause(1_000);
  const during = await person.measure(SECONDS * 1_000);
  const counted = await end();
  console.log(`${name}   ${counted}`);
  console.log(`  before  ${formatTimes(before)}`);
  console.log(`  during  ${formatTimes(during)}`);
  const hurts = (key: keyof Times) => isHurt(before[key].p99, during[key].p99);
  const isRefused = during.refused > during.answers / 100;
  const verdict = hurts('requests') || hurts('events') || isRefused ? 'HURT' : 'held';
  console.log(`  ${verdict}\n`);
  return verdict === 'held';
}

async function soak(
  names: string[],
  person: OrdinaryPerson,
  target: Target,
  system: System,
): Promise<boolean> {
  const end = Date.now() + SOAK_MINUTES * 60_000;
  let held = true;
  for (let n = 0; Date.now() < end; n++) {
    const name = names[n % names.length]!;
    const stop = startAttack(name, target);
    const times = await person.measure(SECONDS * 1_000);
    const counted = await stop();
    const memory = Object.entries(system.memoryMegabytes()).map(([service, size]) => `${service} ${size}`);
    console.log(
      `${new Date().toISOString().slice(11, 19)} ${name.padEnd(38)} ${formatTimes(times)}  MB: ${memory.join(' ')}  ${counted}`,
    );
    held &&= times.refused <= times.answers / 100;
  }
  return held;
}

const system = await startSystem(
  { LOG_LEVEL: 'error' },
  options.form === 'embedded' ? 'embedded' : 'services',
);
try {
  const target = await makeTarget(system.url);
  const person = await startOrdinaryPerson(system.url);
  const names = Object.keys(ATTACKS).filter((name) => name.includes(options.only));
  console.log(
    `Attacks, form ${options.form}; milliseconds; memory ${JSON.stringify(system.memoryMegabytes())}\n`,
  );
  await person.measure(5_000); // warms up
  const held: boolean[] = [];
  if (SOAK_MINUTES > 0) held.push(await soak(names, person, target, system));
  else for (const name of names) held.push(await measure(name, person, target));
  console.log(`memory ${JSON.stringify(system.memoryMegabytes())}`);
  await person.leave();
  process.exitCode = held.every(Boolean) ? 0 : 1;
} finally {
  await system.close();
}
