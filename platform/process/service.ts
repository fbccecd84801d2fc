import closeWithGrace from 'close-with-grace';
import { ConfigError } from './config.ts';
import type { Logger } from './log.ts';

/** A part of the system that runs until it is closed. */
export interface RunningService {
  /** Stops taking work, finishes what is under way, and lets go of every connection. */
  close(): Promise<void>;
  readonly log: Logger;
  /** How long `close` may take, in seconds, before the process ends all the same. */
  readonly shutdownSeconds: number;
}

/**
 * The life of a process: start, run until SIGTERM, SIGINT or a fault, close, exit.
 *
 * Exits 0 after a signal, 1 after a fault or when the service could not start. A service that cannot start
 * because of its settings says which, without a stack.
 */
export async function startService(start: () => Promise<RunningService>): Promise<void> {
  let service: RunningService;
  try {
    service = await start();
  } catch (error) {
    console.error(error instanceof ConfigError || error instanceof StartError ? error.message : error);
    process.exit(1);
  }
  closeWithGrace({ delay: service.shutdownSeconds * 1000, logger: false }, async ({ err, signal }) => {
    if (err) service.log.fatal({ err }, 'service.failed');
    else service.log.info({ signal }, 'service.stopping');
    await service.close();
    service.log.info('service.stopped');
  });
}

/** The service cannot start for a reason that the operator can mend; the message says how. */
export class StartError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StartError';
  }
}

/** Explains why a port could not be listened on, and what to do. Anything else passes unchanged. */
export function explainListenError(error: unknown, setting: string, portNumber: number): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    return new StartError(
      `Port ${portNumber} is taken by another program. Stop it, or choose another port: ${setting}=${portNumber + 1000}`,
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new StartError(
      'HOST is no address of this machine. 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses.',
    );
  }
  if (code === 'EACCES') {
    return new StartError(
      `Port ${portNumber} may not be used by this user. Choose one above 1023: ${setting}=8000`,
    );
  }
  return error;
}
