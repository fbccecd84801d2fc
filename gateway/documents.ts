import { createHash } from 'node:crypto';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql';
import { createByteCache } from './byte-cache.ts';
import { exceededLimits, PARSE_OPTIONS, scanDocument } from './limits.ts';
import { RequestRefused, refused } from './request-refused.ts';
import { isSchemaField } from './rewriting.ts';
import { hasForbiddenRoot } from './subscription-root.ts';
import type { Spender, WorkBudget } from './work-budget.ts';

/** A valid document. */
export interface ClientDocument {
  readonly document: DocumentNode;
  readonly source: string;
  /** A short name of the text: equal for equal texts only. */
  readonly key: string;
  /** About what it takes of the memory. */
  readonly bytes: number;
}

export interface DocumentsOptions {
  schema: GraphQLSchema;
  /** Whether clients may not know the schema: then errors suggest no names, and `__schema` and `__type` are refused. */
  hideSchema: boolean;
  budget: WorkBudget;
}

/** The documents of clients. */
export interface Documents {
  /** See WorkBudget: returns null at once for a document that is known. */
  admit(source: string, spender: Spender): Promise<void> | null;
  /** Parses and checks a document. Throws RequestRefused for one that is invalid, or beyond the limits. */
  read(source: string, spender: Spender): ClientDocument;
  /** What the documents that are kept take of the memory, as estimated. */
  readonly bytes: number;
}

const CACHE_BYTES_MAX = 33_554_432;
/** Measured: what a token of a parsed document takes, its nodes included. */
const TOKEN_BYTES = 400;
const FORBIDDEN_ROOT =
  'A subscription selects one field at its root: without introspection, @skip or @include.';
/** The most errors in one answer. */
const ERRORS_MAX = 10;

/**
 * Creates the reader of documents, which keeps those that were used last.
 *
 * It measures a document before it validates it, because the rules of graphql-js take time that grows with the square of
 * what the limits bound.
 */
export function createDocuments({ schema, hideSchema, budget }: DocumentsOptions): Documents {
  const known = createByteCache<ClientDocument>(CACHE_BYTES_MAX);
  const rules = hideSchema ? [...specifiedRules, REFUSE_INTROSPECTION] : specifiedRules;

  const check = (source: string, key: string): ClientDocument => {
    const { tokens, problem } = scanDocument(source);
    if (problem) throw refused('BAD_REQUEST', problem);
    const document = parseDocument(source);
    const exceeded = exceededLimits(document, schema);
    if (exceeded) throw refused('GRAPHQL_VALIDATION_FAILED', exceeded);
    if (hasForbiddenRoot(document)) throw refused('GRAPHQL_VALIDATION_FAILED', FORBIDDEN_ROOT);
    const errors = validate(schema, document, rules, { hideSuggestions: hideSchema, maxErrors: ERRORS_MAX });
    if (errors.length > 0) throw new RequestRefused(errors.slice(0, ERRORS_MAX));
    const bytes = 2 * source.length + TOKEN_BYTES * tokens;
    return { document, source, key, bytes };
  };

  return {
    admit: (source, spender) => (known.get(keyOf(source)) ? null : budget.admit(spender)),
    read(source, spender) {
      const key = keyOf(source);
      const found = known.get(key);
      if (found) return found;
      const made = budget.charge(spender, () => check(source, key));
      known.set(key, made, made.bytes);
      return made;
    },
    get bytes() {
      return known.bytes;
    },
  };
}

const keyOf = (source: string): string => createHash('sha256').update(source).digest('base64url');

function parseDocument(source: string): DocumentNode {
  try {
    return parse(source, PARSE_OPTIONS);
  } catch (error) {
    const { message, positions, source: where } = error as GraphQLError;
    throw new RequestRefused([
      new GraphQLError(message, {
        ...(where && positions && { source: where, positions }),
        extensions: { code: 'GRAPHQL_PARSE_FAILED' },
      }),
    ]);
  }
}

const REFUSE_INTROSPECTION: ValidationRule = (context) => ({
  Field(node) {
    if (isSchemaField(node))
      context.reportError(
        new GraphQLError(
          'The schema cannot be asked for here. An operator allows it with INTROSPECTION=true.',
          {
            nodes: node,
          },
        ),
      );
  },
});
