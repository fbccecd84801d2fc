import { type DestinationStream, type Logger, pino } from 'pino';
import { loggedError } from './logged-error.ts';

export type { Logger } from 'pino';

/** Fields with these names hold secrets. They are cut out on the first three levels of a record. */
const SECRET_NAMES = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'signature',
  'webhook-signature',
];
const REDACTED = SECRET_NAMES.flatMap((name) => {
  const key = name.includes('-') ? `["${name}"]` : name;
  const nested = name.includes('-') ? `*["${name}"]` : `*.${name}`;
  return [key, nested, `*.*${name.includes('-') ? '' : '.'}${key}`];
});

/**
 * Creates a service's log: one line of JSON per record, with the name of the event (`run.claimed`) and its fields.
 *
 * JSON escapes line breaks and control characters, so that a record cannot forge another one. Fields that are named
 * like secrets are replaced by `[redacted]`, and errors are written without what clients wrote; see `loggedError`.
 * `destination` is the standard output by default.
 */
export const createLog = (service: string, level: string, destination?: DestinationStream): Logger =>
  pino(
    {
      name: service,
      level,
      redact: { paths: REDACTED, censor: '[redacted]' },
      serializers: { err: loggedError },
    },
    destination,
  );
