import { type Schema, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';

/** The supergraph in the forms that the planner and the executor of Apollo's gateway need. */
export interface Graph {
  readonly supergraphSdl: string;
  readonly api: Schema;
  /** The schema that clients see. */
  readonly apiSchema: GraphQLSchema;
  readonly supergraphSchema: GraphQLSchema;
  readonly planner: QueryPlanner;
  /** The fields by which subgraphs refer to each other's objects, such as `id`. */
  readonly keyFields: ReadonlySet<string>;
}

/** Reads the committed supergraph, which was validated when it was composed. */
export function readGraph(supergraphSdl: string): Graph {
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  const api = supergraph.apiSchema();
  return {
    supergraphSdl,
    api,
    apiSchema: api.toGraphQLJSSchema(),
    supergraphSchema: supergraph.schema.toGraphQLJSSchema(),
    planner: new QueryPlanner(supergraph),
    keyFields: readKeyFields(supergraphSdl),
  };
}

/** Reads the names in all `key` and `requires` arguments of the supergraph's directives. */
function readKeyFields(supergraphSdl: string): ReadonlySet<string> {
  const selections = supergraphSdl.matchAll(/@join__(?:type|field)\([^)]*\b(?:key|requires): "([^"]*)"/g);
  return new Set([...selections].flatMap(([, selection]) => selection?.match(/\w+/g) ?? []));
}
