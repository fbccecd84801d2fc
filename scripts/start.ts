/** Starts the whole system in one process, which needs only npm packages; see README.md, "Start". */

import { z } from 'zod';
import { readConfig } from '../platform/process/config.ts';
import { startService } from '../platform/process/service.ts';
import { startEverything } from './everything.ts';

const PARENT_SWEEP_MS = 250;

/**
 * Stops the system when npm has ended. npm runs a script in a shell that does not forward signals, so without this the
 * system would keep its ports and its folder after `npm start` was stopped.
 */
function stopWithNpm(): void {
  const { npm_lifecycle_event } = readConfig(z.object({ npm_lifecycle_event: z.string().optional() }));
  if (npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_SWEEP_MS);
  watch.unref();
}

stopWithNpm();
await startService(startEverything);
