/** The whole system in one process, with nothing to install beside npm packages: see README.md, "Start". */

import { startService } from '../platform/service.ts';
import { startEverything } from './everything.ts';

await startService(startEverything);
