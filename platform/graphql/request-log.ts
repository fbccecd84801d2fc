import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from '../process/log.ts';

const logs = new AsyncLocalStorage<Logger>();

/**
 * Runs `work` with `log` as the log of the current request.
 *
 * Only `formatError` of Apollo Server needs this: it is the one hook that gets no context. Everything else takes the
 * log from its context.
 */
export const runWithRequestLog = <Result>(log: Logger, work: () => Result): Result => logs.run(log, work);

/** Returns the log of the current request; outside a request, undefined. */
export const currentRequestLog = (): Logger | undefined => logs.getStore();
