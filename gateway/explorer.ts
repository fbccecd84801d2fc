import type { ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import type { FastifyInstance } from 'fastify';
import { QUIET_PLUGINS } from '../platform/graphql/quiet-plugins.ts';

/** Apollo's plugins: the quiet ones, and in development the explorer as the page of /graphql. */
export const apolloPlugins = (isDevelopment: boolean): readonly ApolloServerPlugin[] =>
  isDevelopment
    ? [...QUIET_PLUGINS, ApolloServerPluginLandingPageLocalDefault({ embed: { runTelemetry: false } })]
    : QUIET_PLUGINS;

/** Redirects the root address to the explorer. */
export function serveExplorer(app: FastifyInstance): void {
  app.get('/', async (_request, reply) => reply.redirect('/graphql'));
}
