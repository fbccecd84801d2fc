/*
 * What an error of PostgreSQL means, read from the error alone: the gateway formats errors too, and must not load the ORM.
 * Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */

/** Why a statement failed, when the statement itself is not the reason. The same statement may work later. */
export type DatabaseTrouble = 'away' | 'crowded' | 'full' | 'busy';

/**
 * Codes of each trouble, from the database or from the socket to it:
 * - away: the server or its database cannot be reached, starts, stops, or is a read-only copy.
 * - crowded: it has no connection or no memory left (53000 53200 53300 53400).
 * - full: it has no space left on its disk.
 * - busy: the statement waited too long for others, or lost a conflict with them more often than it is tried again.
 */
const TROUBLE_CODES: readonly (readonly [DatabaseTrouble, RegExp])[] = [
  ['away', /^(08...|57P0[12345]|25P0[34]|25006|28...|3D000)$/],
  ['away', /^E(CONN(REFUSED|RESET|ABORTED)|NOTFOUND|AI_AGAIN|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTCONN)$/],
  ['full', /^(53100|ENOSPC)$/],
  ['crowded', /^53...$/],
  ['busy', /^(57014|55P03|40001|40P01)$/],
];

/** Errors of pg and of its pool have no code. Sources: pg/lib/client.js and pg-pool/index.js of pg 8. */
const TROUBLE_MESSAGES: readonly (readonly [DatabaseTrouble, RegExp])[] = [
  ['crowded', /timeout exceeded when trying to connect/i],
  ['away', /connection terminated|client has encountered a connection error|client was closed/i],
];

/** character_not_in_repertoire and untranslatable_character. */
const UNSTORABLE_CODES: ReadonlySet<unknown> = new Set(['22021', '22P05']);
/** What PostgreSQL says of a message that a NUL cuts short. PgBouncer uses the same code for its own troubles. */
const CUT_BY_NUL = /invalid message format|insufficient data left in message|invalid string in message/;

interface DatabaseError {
  code?: unknown;
  message?: unknown;
}

/** Returns why the database did not do its work, or undefined if the error is not a trouble of the database. */
export function databaseTrouble(error: unknown): DatabaseTrouble | undefined {
  if (isUnstorableText(error)) return undefined;
  const { code, message } = error as DatabaseError;
  const byCode = TROUBLE_CODES.find(([, codes]) => codes.test(String(code)));
  const byMessage = TROUBLE_MESSAGES.find(([, messages]) => messages.test(String(message)));
  return (byCode ?? byMessage)?.[0];
}

/** Whether PostgreSQL refused a text that it cannot store, such as one with a NUL character. */
export function isUnstorableText(error: unknown): boolean {
  const { code, message } = error as DatabaseError;
  return UNSTORABLE_CODES.has(code) || (code === '08P01' && CUT_BY_NUL.test(String(message)));
}
