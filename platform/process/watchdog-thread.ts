/* The thread that startWatchdog starts. It must import nothing that takes memory: every service has one. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

interface Watch {
  beats: Int32Array;
  stuckSeconds: number;
}

const { beats, stuckSeconds } = workerData as Watch;
const LOOK_MS = 1_000;
const FATAL = 60;

let last = -1;
let stillFor = 0;
setInterval(() => {
  const now = Atomics.load(beats, 0);
  stillFor = now === last ? stillFor + 1 : 0;
  last = now;
  if (stillFor < stuckSeconds) return;
  const record = {
    ...{ level: FATAL, time: Date.now(), pid: process.pid, name: 'watchdog' },
    ...{ seconds: stillFor, msg: 'service.stuck' },
    hint: 'The event loop stood still, so this process ends itself. The records before this one may tell why.',
  };
  try {
    writeSync(1, `${JSON.stringify(record)}\n`);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}, LOOK_MS);
