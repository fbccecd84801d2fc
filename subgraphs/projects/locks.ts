/**
 * The order in which transactions lock rows.
 *
 * - `Project` protects the project's fields and all its members. A transaction locks it first, and then reads the
 *   actor's role and the rows to change. Locks on the members' rows would not suffice, because a new member has no row.
 * - `User` is locked by the statement that inserts or updates a person's name and picture.
 */
export const LOCKS = ['Project', 'User'] as const;
