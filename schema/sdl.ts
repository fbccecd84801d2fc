import { readFileSync } from 'node:fs';
import { concatAST, type DocumentNode, parse } from 'graphql';

/** The subgraphs of the supergraph, with their default ports. */
export const SUBGRAPH_PORTS = { projects: 8001, tasks: 8002, agents: 8003, chat: 8004 } as const;
export type SubgraphName = keyof typeof SUBGRAPH_PORTS;
export const SUBGRAPHS = Object.keys(SUBGRAPH_PORTS) as readonly SubgraphName[];

const read = (name: string) => parse(readFileSync(new URL(`./${name}.graphql`, import.meta.url), 'utf8'));

/** The SDL that a subgraph implements: the types common to all subgraphs and its own types. */
export const subgraphSdl = (subgraph: SubgraphName): DocumentNode =>
  concatAST([read('common'), read(subgraph)]);
