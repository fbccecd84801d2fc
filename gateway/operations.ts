import { operationFromDocument } from '@apollo/federation-internals';
import type { QueryPlan } from '@apollo/query-planner';
import { type DocumentNode, getOperationAST, type OperationDefinitionNode } from 'graphql';
import { createByteCache } from './byte-cache.ts';
import type { ClientDocument } from './documents.ts';
import type { Graph } from './graph.ts';
import { refused } from './request-refused.ts';
import { documentOf, type Rewriting, rewriteOperation } from './rewriting.ts';
import { findStrictVariables } from './variables.ts';
import type { Spender, WorkBudget } from './work-budget.ts';

/** Everything that the text of an operation determines. Requests with the same text share it. */
export interface PreparedOperation {
  /** A short name of the text and the operation: equal for equal ones only. */
  readonly key: string;
  readonly source: string;
  /** The client's document. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
  /** What is planned and carried out in place of the client's document. */
  readonly rewriting: Rewriting;
  readonly plan: QueryPlan;
  /** The variables that GraphQL lets be null by their type, but not where they are used. */
  readonly strictVariables: ReadonlySet<string>;
}

export interface Operations {
  /** Plans an operation of a valid document. */
  prepare(document: ClientDocument, operation: OperationDefinitionNode, spender: Spender): PreparedOperation;
  /** What the plans that are kept take of the memory, as estimated. */
  readonly bytes: number;
}

/**
 * Returns the operation with this name, or the only one for an absent or empty name.
 * Throws RequestRefused when the document has none of that kind.
 */
export function requireOperation(
  { document }: ClientDocument,
  operationName: string | null | undefined,
): OperationDefinitionNode {
  const operation = getOperationAST(document, operationName || undefined);
  if (operation) return operation;
  throw refused(
    'BAD_REQUEST',
    operationName
      ? '`operationName` names no operation of the document.'
      : 'The document needs one operation, or `operationName` to name one of several.',
  );
}

const CACHE_BYTES_MAX = 67_108_864;
/** Measured: a plan takes about twice the length of its JSON. The rest is room for what is derived from it. */
const BYTES_PER_CHARACTER = 4;

/** Creates the planner of all operations, which keeps the plans that were used last. */
export function createOperations({ graph, budget }: { graph: Graph; budget: WorkBudget }): Operations {
  const names = { schema: graph.apiSchema, keyFields: graph.keyFields };
  const known = createByteCache<PreparedOperation>(CACHE_BYTES_MAX);

  const plan = (
    key: string,
    { document, source }: ClientDocument,
    operation: OperationDefinitionNode,
  ): PreparedOperation => {
    const operationName = operation.name?.value;
    const rewriting = rewriteOperation(names, source, document, operation);
    return {
      ...{ key, source, document, operation, operationName, rewriting },
      plan: graph.planner.buildQueryPlan(
        operationFromDocument(graph.api, rewriting.document, { validate: false }),
      ),
      strictVariables: findStrictVariables(graph.apiSchema, documentOf(document, operation)),
    };
  };

  return {
    prepare(client, operation, spender) {
      const key = `${client.key} ${operation.name?.value ?? ''}`;
      const found = known.get(key);
      if (found) return found;
      const made = budget.charge(spender, () => plan(key, client, operation));
      known.set(key, made, 2 * client.bytes + BYTES_PER_CHARACTER * JSON.stringify(made.plan).length);
      return made;
    },
    get bytes() {
      return known.bytes;
    },
  };
}
