/* The process of an attacker: node bench/attacks/attacker.ts <attack> <target as JSON>. It attacks until SIGTERM. */
import { ATTACKS, type Target } from './attacks.ts';

const [, , name = '', target = '{}'] = process.argv;
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
const stayAlive = setInterval(() => undefined, 1_000); // also while every socket is closed
const counted = await ATTACKS[name]!(JSON.parse(target) as Target, ending.signal);
clearInterval(stayAlive);
console.log(JSON.stringify(counted));
process.exit(0);
