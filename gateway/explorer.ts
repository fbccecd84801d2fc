import type { ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import type { FastifyInstance } from 'fastify';
import { QUIET_PLUGINS } from '../platform/graphql/quiet-plugins.ts';

/** Apollo's plugins: the quiet ones, and in development the explorer as the page of /graphql. */
export const apolloPlugins = (isDevelopment: boolean): readonly ApolloServerPlugin[] =>
  isDevelopment
    ? [...QUIET_PLUGINS, ApolloServerPluginLandingPageLocalDefault({ embed: { runTelemetry: false } })]
    : QUIET_PLUGINS;

/** The page has a policy of its own for what it loads from Apollo; this is what a page cannot say of itself. */
const PAGE_POLICY = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/** Redirects the root address to the explorer, and lets its page load what it needs. */
export function serveExplorer(app: FastifyInstance): void {
  app.get('/', async (_request, reply) => reply.redirect('/graphql'));
  app.addHook('onSend', async (_request, reply) => {
    if (String(reply.getHeader('content-type')).startsWith('text/html'))
      reply.header('content-security-policy', PAGE_POLICY);
  });
}
