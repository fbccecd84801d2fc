import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  type ParseOptions,
  type SelectionSetNode,
  Source,
  TokenKind,
  type ValidationRule,
  visit,
} from 'graphql';
import { measureFragments } from './fragments.ts';

/** The largest document of a client. It is measured before it is planned. */
export const DOCUMENT_LIMITS = {
  /** Levels of nested fields. */
  depth: 12,
  aliases: 15,
  rootFields: 20,
  directives: 50,
  /** Fields with fragments expanded: a short fragment can stand for thousands of fields. */
  fields: 2_000,
} as const;

/** The largest body of a request, and the largest message on a WebSocket. */
export const REQUEST_BYTES_MAX = 1_048_576;

/** The most nested brackets. graphql-js parses them by recursion and would overflow the stack. */
const NESTING_MAX = 50;

/** Stops the parser after this number of tokens, so that a document of a megabyte costs no more than they do. */
export const PARSE_OPTIONS = { maxTokens: 2_000 } as const satisfies ParseOptions;

/**
 * The validation rule that refuses documents beyond DOCUMENT_LIMITS; each error names the limit.
 *
 * `__schema` and `__type` are not counted: graphql-js limits their depth, and refuses them where introspection is off.
 */
export const limitDocument: ValidationRule = (context) => ({
  Document(document) {
    for (const message of exceededLimits(document)) context.reportError(new GraphQLError(message));
  },
  // The executor of @apollo/gateway confuses such an alias with its own `__typename`.
  Field(node) {
    if (node.alias?.value === '__typename' && node.name.value !== '__typename')
      context.reportError(new GraphQLError('Another field cannot be called `__typename`.', { nodes: node }));
  },
});

export const NESTS_TOO_DEEP = `The document has more than ${NESTING_MAX} nested brackets.`;

/** Whether a document is nested too deeply to be parsed. The parser reports a document that is not GraphQL. */
export function nestsTooDeep(source: string): boolean {
  const lexer = new Lexer(new Source(source));
  let depth = 0;
  try {
    for (let tokens = 0; tokens < PARSE_OPTIONS.maxTokens && depth <= NESTING_MAX; tokens++) {
      const { kind } = lexer.advance();
      if (kind === TokenKind.EOF) break;
      if (OPENING.has(kind)) depth += 1;
      if (CLOSING.has(kind)) depth -= 1;
    }
  } catch {
    return false;
  }
  return depth > NESTING_MAX;
}

const OPENING: ReadonlySet<string> = new Set([TokenKind.PAREN_L, TokenKind.BRACKET_L, TokenKind.BRACE_L]);
const CLOSING: ReadonlySet<string> = new Set([TokenKind.PAREN_R, TokenKind.BRACKET_R, TokenKind.BRACE_R]);

function exceededLimits(document: DocumentNode): string[] {
  const measure = createMeasure(document);
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const sizes = operations.map((operation) => measure(operation));
  const counted = {
    depth: Math.max(0, ...sizes.map(({ depth }) => depth)),
    fields: Math.max(0, ...sizes.map(({ fields }) => fields)),
    rootFields: Math.max(0, ...sizes.map(({ topFields }) => topFields)),
    ...countNodes(document),
  };
  const words = {
    depth: 'levels of fields',
    aliases: 'aliases',
    rootFields: 'fields at its root',
    directives: 'directives',
    fields: 'fields with its fragments expanded',
  };
  return (Object.keys(DOCUMENT_LIMITS) as (keyof typeof DOCUMENT_LIMITS)[])
    .filter((limit) => counted[limit] > DOCUMENT_LIMITS[limit])
    .map((limit) => `The document has more than ${DOCUMENT_LIMITS[limit]} ${words[limit]}.`);
}

function countNodes(document: DocumentNode): { aliases: number; directives: number } {
  let aliases = 0;
  let directives = 0;
  visit(document, {
    Field: (node) => {
      if (node.alias) aliases += 1;
    },
    Directive: () => {
      directives += 1;
    },
  });
  return { aliases, directives };
}

interface Size {
  depth: number;
  fields: number;
  topFields: number;
}

const NOTHING: Size = { depth: 0, fields: 0, topFields: 0 };

/** Measures selections with fragments expanded. */
function createMeasure(document: DocumentNode): (node: OperationDefinitionNode) => Size {
  const ofFragment = measureFragments(document, NOTHING, ({ selectionSet }) => ofSelections(selectionSet));

  const ofField = (field: FieldNode): Size => {
    if (field.name.value === '__schema' || field.name.value === '__type') return NOTHING;
    const below = field.selectionSet ? ofSelections(field.selectionSet) : NOTHING;
    return { depth: below.depth + 1, fields: below.fields + 1, topFields: 1 };
  };

  const ofSelections = ({ selections }: SelectionSetNode): Size => {
    const total = { ...NOTHING };
    for (const selection of selections) {
      const size =
        selection.kind === Kind.FIELD
          ? ofField(selection)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? ofFragment(selection.name.value)
            : ofSelections(selection.selectionSet);
      total.depth = Math.max(total.depth, size.depth);
      total.fields += size.fields;
      total.topFields += size.topFields;
    }
    return total;
  };

  return (operation) => ofSelections(operation.selectionSet);
}
