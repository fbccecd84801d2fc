import { GraphQLError, type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from 'graphql';
import { cutText } from '../platform/input/text.ts';

/** Values in the variables of a request, those in lists and objects included. */
const VALUES_MAX = 2_000;
/** Deeper than any input of ours. */
const DEPTH_MAX = 20;
/** graphql-js would explain every wrong value, and a megabyte can hold half a million of them. */
const ERRORS_MAX = 10;
/** A message repeats the value that it is about. */
const MESSAGE_CHARACTERS_MAX = 500;

export type VariablesResult =
  | { coerced: Record<string, unknown>; errors?: undefined }
  | { coerced?: undefined; errors: readonly GraphQLError[] };

/**
 * Reads the variables of a request as the operation declares them, with defaults in place.
 *
 * Bounded in what it costs and in what it says, whatever a client sends: neither the executor of @apollo/gateway nor
 * graphql-js by itself is.
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

const badInput = (message: string, nodes?: GraphQLError['nodes']) =>
  new GraphQLError(cutText(message, MESSAGE_CHARACTERS_MAX), {
    ...(nodes && { nodes }),
    extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
  });

/** Infinite for what nests too deep; stops counting beyond `most`. */
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
