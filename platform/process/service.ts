import closeWithGrace from 'close-with-grace';
import { DomainError } from '../input/errors.ts';
import { ConfigError } from './config.ts';
import type { Logger } from './log.ts';
import { startWatchdog } from './watchdog.ts';

/** A service that runs until it is closed. */
export interface RunningService {
  /** Refuses new work, finishes the work in progress and closes every connection. */
  close(): Promise<void>;
  readonly log: Logger;
  /** How long `close` may take, in seconds, before the process exits without waiting for it. */
  readonly shutdownSeconds: number;
}

/** Far longer than any work of ours keeps the event loop. */
const STUCK_SECONDS = 30;

/**
 * Runs a service as a process: starts it, waits for SIGTERM, SIGINT or an uncaught error, closes it and exits.
 *
 * The exit code is 0 after a signal, and 1 after an uncaught error or a failed start. A failure that the operator can
 * fix (ConfigError, StartError, DomainError) is printed as a sentence, without a stack. A process whose event loop stands still for
 * 30 seconds is killed, with a fatal record.
 */
export async function startService(start: () => Promise<RunningService>): Promise<void> {
  startWatchdog(STUCK_SECONDS);
  let service: RunningService;
  try {
    service = await start();
  } catch (error) {
    console.error(isForOperator(error) ? error.message : error);
    process.exit(1);
  }
  closeWithGrace({ delay: service.shutdownSeconds * 1000, logger: false }, async ({ err, signal }) => {
    if (err) service.log.fatal({ err }, 'service.failed');
    else service.log.info({ signal }, 'service.stopping');
    await service.close();
    service.log.info('service.stopped');
  });
}

const isForOperator = (error: unknown): error is Error =>
  error instanceof ConfigError || error instanceof StartError || error instanceof DomainError;

/** The service cannot start, for a reason that the operator can fix. The message says how. */
export class StartError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StartError';
  }
}

/**
 * Turns an error of `listen` into a StartError that says what to do. `setting` is the setting that holds the port.
 * Returns any other error unchanged.
 */
export function explainListenError(error: unknown, setting: string, portNumber: number): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    return new StartError(
      `Port ${portNumber} is taken by another program. Stop it, or choose another port: ${setting}=${portNumber + 1000}`,
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new StartError(
      'HOST is not an address of this machine. 127.0.0.1 accepts this machine only, 0.0.0.0 every network.',
    );
  }
  if (code === 'EACCES') {
    return new StartError(
      `This user may not listen on port ${portNumber}. Choose a port above 1023: ${setting}=8000`,
    );
  }
  return error;
}
