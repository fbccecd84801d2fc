import { describe, expect, test } from '@jest/globals';
import { buildSchema, type GraphQLError, graphql } from 'graphql';
import { ERROR_CODES } from '../../schema/errors.ts';
import { formatError } from '../graphql/format-error.ts';
import { payload } from '../graphql/user-errors.ts';
import { DomainError, isUserError, notFound, requireVersion } from '../input/errors.ts';
import { captureLog } from '../testing/captured-log.ts';

const schema = buildSchema('type Query { ask(count: Int): String, list: [String!]!, note: Int }');
const SQL = 'select * from secret_table';

/** Returns what leaves a service when a resolver does this, and what is logged. */
async function leave(ask: () => unknown, source = '{ ask }') {
  const { log, records } = captureLog();
  const { errors = [] } = await graphql({ schema, source, rootValue: { ask, list: ask, note: ask } });
  const [left] = errors.map((error) => formatError(error as GraphQLError, log));
  return { left: left!, text: JSON.stringify(left), logged: records() };
}
const throwing = (error: unknown) => () => {
  throw error;
};

describe('an error that leaves a service', () => {
  test.each([
    ['away', 'cannot be reached', { code: 'ECONNREFUSED' }],
    ['away', 'cannot be reached', { code: '57P01' }],
    ['away', 'cannot be reached', { code: '08006' }],
    ['away', 'cannot be reached', { code: '08P01', message: 'query_wait_timeout' }], // of PgBouncer
    ['away', 'cannot be reached', { code: '25006' }],
    [
      'away',
      'cannot be reached',
      { message: 'Client has encountered a connection error and is not queryable' },
    ],
    ['away', 'cannot be reached', { message: 'Connection terminated unexpectedly' }],
    ['crowded', 'too much work', { code: '53300' }],
    ['crowded', 'too much work', { code: '53200' }],
    ['crowded', 'too much work', { message: 'timeout exceeded when trying to connect' }],
    ['full', 'no space left', { code: '53100' }],
    ['busy', 'did not finish in time', { code: '57014' }],
    ['busy', 'did not finish in time', { code: '55P03' }],
    ['busy', 'did not finish in time', { code: '40P01' }],
  ])('is UNAVAILABLE, with a warning, when the database is %s: “… %s …”, %j', async (what, says, details) => {
    const { left, logged } = await leave(throwing(Object.assign(new Error(SQL), details)));

    expect(left).toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
    expect(left.message).toContain(says);
    expect(logged).toMatchObject([{ msg: `database.${what}`, level: 40 }]);
  });

  test.each([
    ['22021', SQL],
    ['22P05', SQL],
    ['08P01', 'invalid message format'],
    ['08P01', 'insufficient data left in message'],
  ])('is INVALID when PostgreSQL cannot store the text of an argument: %s %s', async (code, message) => {
    const { left, logged } = await leave(throwing(Object.assign(new Error(message), { code })));

    expect(left).toMatchObject({ extensions: { code: 'INVALID' } });
    expect(left.message).toContain('NUL');
    expect(logged).toEqual([]);
  });

  test('is INTERNAL for a bug, with an error id that finds the whole error in the log', async () => {
    const { left, text, logged } = await leave(throwing(new TypeError(SQL)));

    expect(left).toMatchObject({
      message: 'Internal error',
      path: ['ask'],
      extensions: { code: 'INTERNAL' },
    });
    expect(text).not.toContain('secret_table');
    expect(logged).toMatchObject([
      {
        errorId: left.extensions?.['errorId'],
        err: { type: 'TypeError', message: SQL, stack: expect.stringContaining('errors.test.ts') },
        msg: 'request.failed',
      },
    ]);
  });

  test.each([
    ['text', throwing(SQL)],
    ['an object', throwing({ message: SQL })],
    ['an error within an error', throwing(new Error('outer', { cause: new Error(SQL) }))],
  ])('is INTERNAL when a resolver throws %s', async (_what, ask) => {
    const { left, text } = await leave(ask);
    expect(left.extensions).toMatchObject({ code: 'INTERNAL' });
    expect(text).not.toContain('secret_table');
  });

  test.each([
    ['an object in place of text', '{ ask }', () => ({ password: SQL })],
    ['text in place of a number', '{ note }', () => SQL],
    ['null in place of a required value', '{ list }', () => null],
    ['an object in place of a list', '{ list }', () => ({ text: SQL })],
  ])('is INTERNAL when a resolver returns %s', async (_what, source, ask) => {
    const { left, text, logged } = await leave(ask, source);
    expect(left.extensions).toMatchObject({ code: 'INTERNAL' });
    expect(text).not.toContain('secret_table');
    expect(logged).toMatchObject([{ errorId: left.extensions?.['errorId'] }]);
  });

  test.each([
    ['syntax', '{ ask'],
    ['an unknown field', '{ nothing }'],
    ['a wrong argument', '{ ask(count: "a") }'],
  ])("passes unchanged and unlogged for the client's own mistake: %s", async (_what, source) => {
    const { left, logged } = await leave(() => 'answer', source);
    expect(left.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(left.message).not.toBe('Internal error');
    expect(logged).toEqual([]);
  });

  test('has the code and field of an expected failure, is not logged, and has none of its payload', async () => {
    const error = new DomainError('FORBIDDEN', 'You may not', { field: ['id'], current: { secret: SQL } });

    const { left, text, logged } = await leave(throwing(error));

    expect(left).toMatchObject({ message: 'You may not', extensions: { code: 'FORBIDDEN', field: ['id'] } });
    expect(text).not.toContain('secret_table');
    expect(logged).toEqual([]);
  });
});

describe("a mutation's payload", () => {
  test('has the result of its operation and no errors', async () => {
    expect(await payload(async () => ({ note: 1 }))).toEqual({ note: 1, userErrors: [] });
  });

  test('has an expected failure as its one error', async () => {
    expect(await payload(throwing(notFound('Note', 'n-1', ['input', 'id'])) as never)).toEqual({
      userErrors: [{ code: 'NOT_FOUND', message: 'Note n-1 does not exist', field: ['input', 'id'] }],
    });
  });

  test('has the present object after a version conflict', async () => {
    const change = async () => requireVersion({ note: { version: 2 } }, 1);
    expect(await payload(change as never)).toMatchObject({
      note: { version: 2 },
      userErrors: [{ code: 'VERSION_CONFLICT', field: ['input', 'expectedVersion'] }],
    });
  });

  test.each(Object.entries(ERROR_CODES))(
    'has only the codes of user errors: %s',
    async (code, { userError }) => {
      const error = new DomainError(code as keyof typeof ERROR_CODES, 'a failure');
      expect(isUserError(error)).toBe(userError);

      const outcome = payload(throwing(error) as never);

      if (userError)
        expect((await outcome).userErrors).toEqual([{ code, message: 'a failure', field: null }]);
      else await expect(outcome).rejects.toBe(error);
    },
  );

  test('does not exist for a bug, which is rethrown', async () => {
    const bug = new TypeError(SQL);
    await expect(payload(throwing(bug) as never)).rejects.toBe(bug);
  });
});
