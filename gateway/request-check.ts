import type { GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { refuseCost } from './cost.ts';
import type { ClientDocument } from './documents.ts';
import type { PreparedOperation } from './operations.ts';
import { RequestRefused } from './request-refused.ts';
import { readVariables, refuseNull } from './variables.ts';

type Variables = Record<string, unknown>;

/**
 * Returns the variables of a request with their default values. Throws RequestRefused for values of the wrong type, and for
 * a request that costs too much with them.
 */
export function checkVariables(
  schema: GraphQLSchema,
  { document }: ClientDocument,
  operation: OperationDefinitionNode,
  given: Variables,
): Variables {
  const { coerced, errors } = readVariables(schema, operation, given);
  if (errors) throw new RequestRefused(errors);
  const tooMuch = refuseCost({ schema, document, operation, variables: coerced });
  if (tooMuch) throw new RequestRefused([tooMuch]);
  return coerced;
}

/** Throws RequestRefused for a variable that is null where the operation does not allow it. */
export function requireNoNulls({ strictVariables }: PreparedOperation, coerced: Variables): void {
  const error = refuseNull(strictVariables, coerced);
  if (error) throw new RequestRefused([error]);
}
