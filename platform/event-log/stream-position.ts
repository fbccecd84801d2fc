import { p } from '@mikro-orm/core';

/**
 * A property of an entity that tells how far a stream was when the row was read; undefined for a row that was not read
 * but made. `stream` is the name of the row's stream as an SQL expression over its columns.
 *
 * The position comes in the statement that reads the row, so row and position belong together: every change that the row
 * does not show comes after the position. What is read later may show changes after the position, too.
 */
export const streamPosition = (stream: (columns: Record<string, string>) => string) =>
  p
    .integer()
    .formula(
      (columns: Record<string, string>) =>
        `(select last_seq::float8 from log.stream where stream = ${stream(columns)})`,
    )
    .nullable();
