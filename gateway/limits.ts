import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  type ParseOptions,
  type SelectionSetNode,
  Source,
  TokenKind,
  visit,
} from 'graphql';
import { findCycle, fragmentsOf, measureFragments } from './fragments.ts';
import { countSchemaObjects } from './introspection.ts';
import { isSchemaField, responseKey } from './rewriting.ts';

/** The largest document of a client. It is measured before it is validated and planned. */
export const DOCUMENT_LIMITS = {
  /** Levels of nested fields. Fields of the schema are not counted: graphql-js limits how deep they nest. */
  depth: 12,
  aliases: 15,
  rootFields: 20,
  directives: 50,
  operations: 20,
  fragments: 100,
  /** Fields with fragments expanded: a short fragment can stand for thousands of fields. The time to plan grows with them. */
  fields: 500,
  /** Two fields with the same name in the same place, which must be compared. 63 times one field are 1,953 pairs. */
  pairs: 2_000,
  /** Objects that describe the schema. The query of explorers and code generators asks for about 8,000. */
  schemaObjects: 30_000,
} as const;

const WORDS: Readonly<Record<keyof typeof DOCUMENT_LIMITS, string>> = {
  depth: 'levels of fields',
  aliases: 'aliases',
  rootFields: 'fields at its root',
  directives: 'directives',
  operations: 'operations',
  fragments: 'fragments',
  fields: 'fields with its fragments expanded',
  pairs: 'pairs of the same field in the same place',
  schemaObjects: 'objects of the schema to return',
};

/** The largest body of a request, and the largest message on a WebSocket. */
export const REQUEST_BYTES_MAX = 1_048_576;

/** The most values in a body or a message. It is counted before they are parsed. */
export const REQUEST_VALUES_MAX = 2_100;

/** The most nested brackets. graphql-js parses them by recursion and would overflow the stack. */
const NESTING_MAX = 50;
/** The longest name. Errors repeat names, and suggest similar ones. */
const NAME_CHARACTERS_MAX = 200;

/** Stops the parser after this number of tokens, so that a document of a megabyte costs no more than they do. */
export const PARSE_OPTIONS = { maxTokens: 2_000 } as const satisfies ParseOptions;

/** What a document is before it is parsed: its number of tokens, and why it cannot be parsed safely. */
export interface DocumentScan {
  readonly tokens: number;
  readonly problem: string | null;
}

/** Scans a document for what the parser does not bound. The parser reports a document that is not GraphQL. */
export function scanDocument(source: string): DocumentScan {
  const lexer = new Lexer(new Source(source));
  let depth = 0;
  let tokens = 0;
  try {
    for (; tokens < PARSE_OPTIONS.maxTokens; tokens++) {
      const { kind, start, end, value } = lexer.advance();
      if (kind === TokenKind.EOF) break;
      if (OPENING.has(kind)) depth += 1;
      if (CLOSING.has(kind)) depth -= 1;
      if (depth > NESTING_MAX)
        return { tokens, problem: `The document has more than ${NESTING_MAX} nested brackets.` };
      if (kind === TokenKind.NAME && end - start > NAME_CHARACTERS_MAX)
        return { tokens, problem: `The document has a name of more than ${NAME_CHARACTERS_MAX} characters.` };
      if (NUMBERS.has(kind) && !Number.isFinite(Number(value)))
        return { tokens, problem: 'The document has a number that is too large.' };
    }
  } catch {
    // The parser meets the same error.
  }
  return { tokens, problem: null };
}

const OPENING: ReadonlySet<string> = new Set([TokenKind.PAREN_L, TokenKind.BRACKET_L, TokenKind.BRACE_L]);
/** The planner cannot repeat an infinite number to a subgraph. */
const NUMBERS: ReadonlySet<string> = new Set([TokenKind.INT, TokenKind.FLOAT]);
const CLOSING: ReadonlySet<string> = new Set([TokenKind.PAREN_R, TokenKind.BRACKET_R, TokenKind.BRACE_R]);

/**
 * Returns the limits that a document exceeds, in words; null for one within all limits. It takes time that grows with the
 * length of the document and with the limits, whatever its fragments expand to.
 */
export function exceededLimits(document: DocumentNode, schema: GraphQLSchema): string | null {
  const cycle = findCycle(document);
  if (cycle !== null) return `The fragment ${cycle} contains itself.`;
  return (
    wordsFor({ ...sizeOf(document), ...countNodes(document) }) ?? wordsFor(countExpanded(document, schema))
  );
}

const wordsFor = (counted: Partial<Record<keyof typeof DOCUMENT_LIMITS, number>>): string | null => {
  const sentences = (Object.keys(DOCUMENT_LIMITS) as (keyof typeof DOCUMENT_LIMITS)[])
    .filter((limit) => (counted[limit] ?? 0) > DOCUMENT_LIMITS[limit])
    .map((limit) => `The document has more than ${DOCUMENT_LIMITS[limit]} ${WORDS[limit]}.`);
  return sentences.length > 0 ? sentences.join(' ') : null;
};

function countNodes(document: DocumentNode) {
  const counted = { aliases: 0, directives: 0, operations: 0, fragments: 0 };
  visit(document, {
    Field: (node) => {
      if (node.alias) counted.aliases += 1;
    },
    Directive: () => {
      counted.directives += 1;
    },
    OperationDefinition: () => {
      counted.operations += 1;
    },
    FragmentDefinition: () => {
      counted.fragments += 1;
    },
  });
  return counted;
}

interface Size {
  depth: number;
  fields: number;
  rootFields: number;
}

const NOTHING: Size = { depth: 0, fields: 0, rootFields: 0 };

/** Measures the largest operation or fragment with fragments expanded, without expanding them. */
function sizeOf(document: DocumentNode): Size {
  const ofFragment = measureFragments(document, NOTHING, ({ selectionSet }) => ofSelections(selectionSet));

  const ofField = (field: FieldNode): Size => {
    const below = field.selectionSet ? ofSelections(field.selectionSet) : NOTHING;
    const depth = isSchemaField(field) ? 1 : below.depth + 1;
    return { depth, fields: below.fields + 1, rootFields: 1 };
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
      total.rootFields += size.rootFields;
    }
    return total;
  };

  const definitions = definitionsOf(document).map((node) => ({
    node,
    size: ofSelections(node.selectionSet),
  }));
  const operations = definitions.filter(({ node }) => node.kind === Kind.OPERATION_DEFINITION);
  const most = (part: keyof Size, of: typeof definitions) => Math.max(0, ...of.map(({ size }) => size[part]));
  return {
    depth: most('depth', operations),
    fields: most('fields', definitions), // a fragment costs validation also without a use
    rootFields: most('rootFields', operations),
  };
}

const definitionsOf = (document: DocumentNode): (OperationDefinitionNode | FragmentDefinitionNode)[] =>
  document.definitions.filter(
    (node) => node.kind === Kind.OPERATION_DEFINITION || node.kind === Kind.FRAGMENT_DEFINITION,
  );

/** Counts what only the expanded document shows. It must have no cycle, and be within the limit of fields. */
function countExpanded(
  document: DocumentNode,
  schema: GraphQLSchema,
): { pairs: number; schemaObjects: number } {
  const fragments = fragmentsOf(document);
  let counted = { pairs: 0, schemaObjects: 0 };

  const collect = ({ selections }: SelectionSetNode, fields: Map<string, FieldNode[]>, seen: Set<string>) => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const key = responseKey(selection);
        const same = fields.get(key);
        if (same) same.push(selection);
        else fields.set(key, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet, fields, seen);
      else {
        const fragment = fragments.get(selection.name.value);
        if (fragment && !seen.has(selection.name.value))
          collect(fragment.selectionSet, fields, seen.add(selection.name.value));
      }
    }
  };

  /** Counts in the sets that graphql-js merges into one. */
  const count = (sets: readonly SelectionSetNode[]) => {
    const fields = new Map<string, FieldNode[]>();
    const seen = new Set<string>();
    for (const set of sets) collect(set, fields, seen);
    for (const same of fields.values()) {
      counted.pairs += (same.length * (same.length - 1)) / 2;
      if (isSchemaField(same[0]!)) counted.schemaObjects += countSchemaObjects(same, fragments, schema);
      const below = same.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (below.length > 0) count(below);
    }
  };

  const largest = { pairs: 0, schemaObjects: 0 };
  for (const { selectionSet } of definitionsOf(document)) {
    counted = { pairs: 0, schemaObjects: 0 };
    count([selectionSet]);
    largest.pairs = Math.max(largest.pairs, counted.pairs);
    largest.schemaObjects = Math.max(largest.schemaObjects, counted.schemaObjects);
  }
  return largest;
}
