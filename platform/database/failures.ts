/*
 * What an error of PostgreSQL means, read from the error alone: the gateway formats errors too, and must not load the ORM.
 */

/**
 * The codes of an unreachable server: connection_exception, admin_shutdown, crash_shutdown and cannot_connect_now of
 * PostgreSQL, and those of sockets. Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const AWAY_CODES = /^(08...|57P0[123]|E(CONN(REFUSED|RESET)|NOTFOUND|AI_AGAIN|PIPE|TIMEDOUT|HOSTUNREACH))$/;
/** The messages of pg's pool, whose errors have no code. */
const AWAY_MESSAGES = /timeout exceeded when trying to connect|connection terminated/i;

/** character_not_in_repertoire and untranslatable_character. */
const UNSTORABLE_CODES: ReadonlySet<unknown> = new Set(['22021', '22P05']);

interface DatabaseError {
  code?: unknown;
  message?: unknown;
}

/** Whether PostgreSQL cannot be reached or has closed the connection. The same statement may work later. */
export function isDatabaseAway(error: unknown): boolean {
  const { code, message } = error as DatabaseError;
  return AWAY_CODES.test(String(code)) || AWAY_MESSAGES.test(String(message));
}

/** Whether PostgreSQL refused a text that it cannot store, such as one with a NUL character. */
export const isUnstorableText = (error: unknown): boolean =>
  UNSTORABLE_CODES.has((error as DatabaseError).code);
