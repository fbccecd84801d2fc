/** The whole system in one process, with nothing to install beside npm packages: see README.md, "Start". */

import { z } from 'zod';
import { readConfig } from '../platform/process/config.ts';
import { startService } from '../platform/process/service.ts';
import { startEverything } from './everything.ts';

const PARENT_SWEEP_MS = 250;

/**
 * npm runs a script in a shell, which does not pass on the signal that ends npm: without this the system would go on,
 * and hold its ports and its folder, after `npm start` was told to stop.
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
