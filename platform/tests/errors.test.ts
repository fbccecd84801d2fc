import { describe, expect, test } from '@jest/globals';
import { buildSchema, type GraphQLError, graphql } from 'graphql';
import { pino } from 'pino';
import { ERROR_CODES } from '../../schema/errors.ts';
import { formatError } from '../graphql/format-error.ts';
import { payload } from '../graphql/user-errors.ts';
import { DomainError, isUserError, notFound, versionConflict } from '../input/errors.ts';

const schema = buildSchema('type Query { ask(count: Int): String, list: [String!]!, note: Int }');
const SQL = 'select * from secret_table';

/** What leaves a service when a resolver does this, and what is logged. */
async function leave(ask: () => unknown, source = '{ ask }') {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const { errors = [] } = await graphql({ schema, source, rootValue: { ask, list: ask, note: ask } });
  const [left] = errors.map((error) => formatError(error as GraphQLError, log));
  return { left: left!, text: JSON.stringify(left), logged: lines.join('') };
}
const throwing = (error: unknown) => () => {
  throw error;
};

describe('at the boundary', () => {
  test.each([
    { code: 'ECONNREFUSED' },
    { code: '57P01' },
    { message: 'timeout exceeded when trying to connect' },
  ])('a database that is away (%j) is UNAVAILABLE, not a fault of ours', async (details) => {
    const { left } = await leave(throwing(Object.assign(new Error(SQL), details)));

    expect(left).toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
    expect(left.message).not.toContain('secret_table');
  });

  test.each(['22021', '22P05'])(
    'text that PostgreSQL cannot take (%s) is the client’s own mistake: a NUL in an argument is INVALID',
    async (code) => {
      const { left, logged } = await leave(throwing(Object.assign(new Error(SQL), { code })));

      expect(left).toMatchObject({ extensions: { code: 'INVALID' } });
      expect(left.message).toContain('NUL');
      expect(logged).toBe('');
    },
  );

  test('a bug leaves as INTERNAL, with an id under which the log has it whole', async () => {
    const { left, text, logged } = await leave(throwing(new TypeError(SQL)));

    expect(left).toMatchObject({
      message: 'Internal error',
      path: ['ask'],
      extensions: { code: 'INTERNAL' },
    });
    expect(text).not.toContain('secret_table');
    expect(JSON.parse(logged)).toMatchObject({
      errorId: left.extensions?.['errorId'],
      err: { type: 'TypeError', message: SQL, stack: expect.stringContaining('errors.test.ts') },
      msg: 'request.failed',
    });
  });

  test.each([
    ['text', throwing(SQL)],
    ['an object', throwing({ message: SQL })],
    ['an error within an error', throwing(new Error('outer', { cause: new Error(SQL) }))],
  ])('%s that is thrown leaves as INTERNAL', async (_what, ask) => {
    const { left, text } = await leave(ask);
    expect(left.extensions).toMatchObject({ code: 'INTERNAL' });
    expect(text).not.toContain('secret_table');
  });

  test.each([
    ['an object where text belongs', '{ ask }', () => ({ password: SQL })],
    ['text where a number belongs', '{ note }', () => SQL],
    ['nothing where something must be', '{ list }', () => null],
    ['something that is no list', '{ list }', () => ({ text: SQL })],
  ])('%s is a fault of ours and leaves as INTERNAL', async (_what, source, ask) => {
    const { left, text, logged } = await leave(ask, source);
    expect(left.extensions).toMatchObject({ code: 'INTERNAL' });
    expect(text).not.toContain('secret_table');
    expect(logged).toContain(String(left.extensions?.['errorId']));
  });

  test.each([
    ['syntax', '{ ask'],
    ['an unknown field', '{ nothing }'],
    ['a wrong argument', '{ ask(count: "a") }'],
  ])("the client's own mistake (%s) passes as it is, unlogged", async (_what, source) => {
    const { left, logged } = await leave(() => 'answer', source);
    expect(left.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(left.message).not.toBe('Internal error');
    expect(logged).toBe('');
  });

  test('an expected failure passes with its code and field, unlogged, without what only a payload holds', async () => {
    const error = new DomainError('FORBIDDEN', 'You may not', { field: ['id'], current: { secret: SQL } });

    const { left, text, logged } = await leave(throwing(error));

    expect(left).toMatchObject({ message: 'You may not', extensions: { code: 'FORBIDDEN', field: ['id'] } });
    expect(text).not.toContain('secret_table');
    expect(logged).toBe('');
  });
});

describe("a mutation's payload", () => {
  test('is what its operation returns, with no errors', async () => {
    expect(await payload(async () => ({ note: 1 }))).toEqual({ note: 1, userErrors: [] });
  });

  test('holds the expected failure as its one error', async () => {
    expect(await payload(throwing(notFound('Note', 'n-1', ['input', 'id'])) as never)).toEqual({
      userErrors: [{ code: 'NOT_FOUND', message: 'Note n-1 does not exist', field: ['input', 'id'] }],
    });
  });

  test('brings what was changed meanwhile as it is now', async () => {
    expect(await payload(throwing(versionConflict({ note: { version: 2 } })) as never)).toMatchObject({
      note: { version: 2 },
      userErrors: [{ code: 'VERSION_CONFLICT', field: ['input', 'expectedVersion'] }],
    });
  });

  test.each(Object.entries(ERROR_CODES))('code %s', async (code, { userError }) => {
    const error = new DomainError(code as keyof typeof ERROR_CODES, 'a failure');
    expect(isUserError(error)).toBe(userError);

    const outcome = payload(throwing(error) as never);

    if (userError) expect((await outcome).userErrors).toEqual([{ code, message: 'a failure', field: null }]);
    else await expect(outcome).rejects.toBe(error);
  });

  test('is none for a bug, which is thrown on', async () => {
    const bug = new TypeError(SQL);
    await expect(payload(throwing(bug) as never)).rejects.toBe(bug);
  });
});
