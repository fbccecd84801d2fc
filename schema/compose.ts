import { fileURLToPath } from 'node:url';
import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { SUBGRAPH_PORTS, SUBGRAPHS, subgraphSdl } from './sdl.ts';

/** What the gateway plans with. */
export const SUPERGRAPH_FILE = fileURLToPath(new URL('./supergraph.graphql', import.meta.url));
/** What clients see: the supergraph without the marks of federation. For code generators. */
export const API_FILE = fileURLToPath(new URL('./api.graphql', import.meta.url));

/**
 * Composes the subgraphs' SDL into the supergraph that the gateway serves.
 *
 * The addresses in it are the default ones; the gateway replaces them by its settings.
 * Throws with every composition error, each naming the subgraph at fault.
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

/** The schema that clients see. */
export const apiSchemaOf = (supergraphSdl: string): string => {
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  return `${printSchema(lexicographicSortSchema(supergraph.apiSchema().toGraphQLJSSchema()))}\n`;
};
