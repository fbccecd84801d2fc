import { fileURLToPath } from 'node:url';
import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { SUBGRAPH_PORTS, SUBGRAPHS, subgraphSdl } from './sdl.ts';

/** The supergraph, with which the gateway plans. */
export const SUPERGRAPH_FILE = fileURLToPath(new URL('./supergraph.graphql', import.meta.url));
/** The schema that clients see, without the directives of federation. Code generators read it. */
export const API_FILE = fileURLToPath(new URL('./api.graphql', import.meta.url));

/**
 * Composes the subgraphs' SDL into the supergraph that the gateway serves.
 *
 * The supergraph has the default addresses of the subgraphs; the gateway uses those of its settings.
 * Throws one error with all composition errors. Each names the subgraph with the fault.
 */
export function composeSupergraph(): string {
  const services = SUBGRAPHS.map((name) => ({
    name,
    url: `http://127.0.0.1:${SUBGRAPH_PORTS[name]}/graphql`,
    typeDefs: subgraphSdl(name),
  }));
  const { errors, supergraphSdl } = composeServices(services);
  if (errors?.length) throw new Error(errors.map((error) => error.message).join('\n'));
  return `${supergraphSdl?.trim()}\n`;
}

/** Returns the schema that clients see. */
export const apiSchemaOf = (supergraphSdl: string): string => {
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  return `${printSchema(lexicographicSortSchema(supergraph.apiSchema().toGraphQLJSSchema()))}\n`;
};
