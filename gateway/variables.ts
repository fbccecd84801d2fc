import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { cutText } from '../platform/input/text.ts';

/** The most values in the variables of a request, including values in lists and objects. */
const VALUES_MAX = 2_000;
/** The deepest nesting of variables. No input of the API comes close to it. */
const DEPTH_MAX = 20;
/** The most errors in one answer. A request of a megabyte can hold half a million invalid values. */
const ERRORS_MAX = 10;
/** The longest message. A message repeats the invalid value. */
const MESSAGE_CHARACTERS_MAX = 500;

export type VariablesResult =
  | { coerced: Record<string, unknown>; errors?: undefined }
  | { coerced?: undefined; errors: readonly GraphQLError[] };

/**
 * Coerces the variables of a request to the types that the operation declares, with default values.
 *
 * The cost and the length of the errors are bounded for every input. The executor of @apollo/gateway and graphql-js do
 * not bound them.
 */
export function readVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Record<string, unknown>,
): VariablesResult {
  if (countValues(variables, VALUES_MAX) > VALUES_MAX)
    return {
      errors: [
        badInput(`The variables hold more than ${VALUES_MAX} values, or nest more than ${DEPTH_MAX} deep.`),
      ],
    };
  const { coerced, errors } = getVariableValues(schema, variableDefinitions, variables, {
    maxErrors: ERRORS_MAX,
  });
  return coerced
    ? { coerced }
    : { errors: (errors ?? []).map(({ message, nodes }) => badInput(message, nodes)) };
}

/**
 * Returns the variables of a valid operation that may be null by their type, but not where they are used. GraphQL allows
 * that for a variable with a default value: it can be left out, but the value null is an error.
 */
export function findStrictVariables(schema: GraphQLSchema, document: DocumentNode): ReadonlySet<string> {
  const strict = new Set<string>();
  const nullable = new Set<string>();
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      VariableDefinition: ({ variable, type }) => {
        if (type.kind !== Kind.NON_NULL_TYPE) nullable.add(variable.name.value);
        return false;
      },
      Variable: ({ name }) => {
        if (nullable.has(name.value) && isNonNullType(types.getInputType())) strict.add(name.value);
      },
    }),
  );
  return strict;
}

/** Returns the error for a variable that is null although it is used where null is not allowed. */
export function refuseNull(
  strict: ReadonlySet<string>,
  variables: Readonly<Record<string, unknown>>,
): GraphQLError | null {
  const name = [...strict].find((each) => Object.hasOwn(variables, each) && variables[each] === null);
  return name === undefined
    ? null
    : badInput(
        `Variable "$${name}" must not be null where it is used. Leave it out to use its default value.`,
      );
}

const badInput = (message: string, nodes?: GraphQLError['nodes']) =>
  new GraphQLError(cutText(message, MESSAGE_CHARACTERS_MAX), {
    ...(nodes && { nodes }),
    extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
  });

/** Counts values up to just beyond `most`. Returns infinity for a nesting deeper than DEPTH_MAX. */
function countValues(value: unknown, most: number, depth = 0): number {
  if (typeof value !== 'object' || value === null) return 1;
  if (depth > DEPTH_MAX) return Number.POSITIVE_INFINITY;
  let count = 1;
  for (const inner of Object.values(value)) {
    count += countValues(inner, most - count, depth + 1);
    if (count > most) break;
  }
  return count;
}
