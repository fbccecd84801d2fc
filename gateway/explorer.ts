import type { ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import type { FastifyInstance } from 'fastify';
import { QUIET_PLUGINS } from '../platform/graphql-server.ts';

/** Apollo's plugins: the quiet ones, and in development the explorer as the page of /graphql. */
export function apolloPlugins(isDevelopment: boolean): ApolloServerPlugin[] {
  if (!isDevelopment) return QUIET_PLUGINS;
  // Two plugins that both make a landing page are an error.
  const others = QUIET_PLUGINS.filter((plugin) => !('__internal_installed_implicitly__' in plugin && 'serverWillStart' in plugin));
  return [...others, ApolloServerPluginLandingPageLocalDefault({ embed: { runTelemetry: false } })];
}

/** Somebody who opens the address in a browser comes to the explorer. */
export function serveExplorer(app: FastifyInstance): void {
  app.get('/', async (_request, reply) => reply.redirect('/graphql'));
}
