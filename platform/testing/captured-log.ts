import { createLog, type Logger } from '../process/log.ts';

/** One record of a log, parsed. */
export type LogRecord = Record<string, unknown>;

/** A log whose records a test can read. */
export interface CapturedLog {
  readonly log: Logger;
  /** Returns the records with this event name, such as `request.failed`, or all records, in order. */
  records(event?: string): LogRecord[];
}

/** Creates a log as services have it, which keeps its records in memory. */
export function captureLog(): CapturedLog {
  const lines: string[] = [];
  const log = createLog('test', 'debug', { write: (line: string) => void lines.push(line) });
  return {
    log,
    records: (event) =>
      lines
        .map((line) => JSON.parse(line) as LogRecord)
        .filter(({ msg }) => event === undefined || msg === event),
  };
}
