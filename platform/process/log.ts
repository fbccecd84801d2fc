import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Whatever is called like this holds a secret, at any of the first levels of a record. */
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
 * A service's log: one JSON line for each record, named by what happened (`run.claimed`), its fields beside it.
 * JSON escapes line breaks and control characters, so a record cannot forge another. Secrets are cut out by name.
 */
export const createLog = (service: string, level: string): Logger =>
  pino({ name: service, level, redact: { paths: REDACTED, censor: '[redacted]' } });
