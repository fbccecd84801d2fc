/**
 * The order in which transactions lock rows.
 *
 * The project's row protects its settings and all its members: whoever changes one of them locks it first, and reads
 * rights and the rows to change after that. Locking the members' rows would not do, because a new member has none yet.
 * A person's row is locked when the first sign-in inserts it or a later one updates it; creating a project does both.
 */
export const LOCKS = ['Project', 'User'] as const;
