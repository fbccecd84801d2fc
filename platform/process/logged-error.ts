import { cutText } from '../input/text.ts';

/** How many causes of a cause a record holds. */
const CAUSES_MAX = 3;
const MESSAGE_CHARACTERS_MAX = 500;
const STACK_LINES_MAX = 30;

/** The facts of an error, beside its message, that name no value of a client. Errors of PostgreSQL, sockets and HTTP have them. */
const SAFE_FIELDS = [
  ...['code', 'constraint', 'schema', 'table', 'column', 'routine'],
  ...['errno', 'syscall', 'address', 'port', 'status', 'statusCode'],
] as const;

/**
 * Returns what a log may hold of an error: its type, message, stack and causes, and nothing that a client wrote.
 *
 * Errors carry more than their messages: those of the database have the whole statement with its values, and the
 * messages of some types quote values. So fields are copied by an allow-list, and such messages are shortened.
 */
export function loggedError(error: unknown, depth = 0): object {
  if (!(error instanceof Error))
    return { type: typeof error, message: 'Something that is not an Error was thrown' };
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  const isNested = depth < CAUSES_MAX;
  return {
    type: error.name === 'Error' ? error.constructor.name : error.name,
    message: safeMessage(error),
    ...safeFields(error),
    stack: stackFrames(error),
    ...(isNested && cause !== undefined && { cause: loggedError(cause, depth + 1) }),
    ...(isNested &&
      Array.isArray(errors) && { errors: errors.slice(0, 5).map((each) => loggedError(each, depth + 1)) }),
  };
}

function safeFields(error: Error): object {
  const values = SAFE_FIELDS.map((name) => [name, Reflect.get(error, name)] as const);
  return Object.fromEntries(
    values.filter(([, value]) => typeof value === 'string' || typeof value === 'number'),
  );
}

/** The stack without its head, which repeats the message. */
function stackFrames({ stack = '' }: Error): string {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return frames.slice(0, STACK_LINES_MAX).join('\n');
}

function safeMessage(error: Error): string {
  const message = isOfDatabase(error) ? databaseMessage(error) : withoutValues(error);
  return cutText(message, MESSAGE_CHARACTERS_MAX);
}

const isOfDatabase = (error: Error): error is Error & { code: string } =>
  /^[0-9A-Z]{5}$/.test(String((error as { code?: unknown }).code)) && 'severity' in error;

/**
 * The classes whose messages name tables, columns and constraints, and never values. MikroORM appends the detail, which
 * has values, as a second line. 42601 quotes the statement.
 */
const CODES_WITHOUT_VALUES = /^(23|25|40|42(?!601)|53|55|57)/;

const databaseMessage = ({ code, message }: Error & { code: string }): string =>
  CODES_WITHOUT_VALUES.test(code)
    ? message.split('\n')[0]!
    : 'PostgreSQL refused the statement, see code and routine';

/** The messages of these quote values: JSON.parse, GraphQL when it reads or writes a value, and MikroORM. */
const QUOTING_TYPES: ReadonlySet<string> = new Set([
  ...['SyntaxError', 'GraphQLError', 'ValidationError', 'NotFoundError', 'OptimisticLockError'],
]);

function withoutValues(error: Error): string {
  if (error.name === 'ZodError') return zodMessage(error as Error & { issues?: readonly ZodIssue[] });
  const [line = ''] = error.message.split('\n');
  if (!QUOTING_TYPES.has(error.name)) return line;
  return line.replace(/(value:? ).*/, '$1…').replace(/"[^"]*"?|'[^']*'?|\{.*/g, '…');
}

interface ZodIssue {
  readonly code: string;
  readonly path: readonly PropertyKey[];
}

const zodMessage = ({ issues = [] }: { issues?: readonly ZodIssue[] }): string =>
  issues.map(({ code, path }) => `${path.map(String).join('.') || 'value'}: ${code}`).join('; ');
