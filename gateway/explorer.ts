import type { ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import type { FastifyInstance } from 'fastify';
import { QUIET_PLUGINS } from '../platform/subgraph/graphql-server.ts';

/** Apollo's plugins: the quiet ones, and in development the explorer as the page of /graphql. */
export const apolloPlugins = (isDevelopment: boolean): ApolloServerPlugin[] =>
  isDevelopment
    ? [...QUIET_PLUGINS, ApolloServerPluginLandingPageLocalDefault({ embed: { runTelemetry: false } })]
    : QUIET_PLUGINS;

/** Somebody who opens the address in a browser comes to the explorer. */
export function serveExplorer(app: FastifyInstance): void {
  app.get('/', async (_request, reply) => reply.redirect('/graphql'));
}
