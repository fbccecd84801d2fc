import './telemetry.ts';
import { readFileSync } from 'node:fs';
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { currentRequestLog } from '../platform/graphql/request-log.ts';
import type { Logger } from '../platform/process/log.ts';
import type { GatewayContext } from './context.ts';
import { refuseCost } from './cost.ts';
import { apolloPlugins } from './explorer.ts';
import { limitDocument, PARSE_OPTIONS } from './limits.ts';
import { formatPublicError, reportMissing } from './public-error.ts';
import type { Subgraphs } from './subgraphs.ts';
import { type Graph, readGraph } from './subscriptions/plan.ts';
import { readVariables } from './variables.ts';

/** The committed result of `npm run compose`, which composes it from the subgraphs' SDL. */
const SUPERGRAPH = new URL('../schema/supergraph.graphql', import.meta.url);

export interface ApolloOptions {
  subgraphs: Subgraphs;
  isDevelopment: boolean;
  /** Whether clients may query the schema. Validation errors then suggest the names of fields too. */
  introspection: boolean;
  log: Logger;
}

export interface Apollo {
  readonly server: ApolloServer<GatewayContext>;
  readonly graph: Graph;
}

/** Starts Apollo's gateway with the committed supergraph. It answers queries and mutations, over HTTP and WebSocket. */
export async function startApollo({
  subgraphs,
  isDevelopment,
  introspection,
  log,
}: ApolloOptions): Promise<Apollo> {
  const supergraphSdl = readFileSync(SUPERGRAPH, 'utf8');
  const gateway = new ApolloGateway({
    supergraphSdl,
    logger: log,
    // The supergraph has default addresses; the real ones come from the settings.
    buildService: ({ name }) => subgraphs.connection(name).dataSource,
    // A client that sends a header gets the plan of its query.
    __exposeQueryPlanExperimental: isDevelopment,
  });
  const server = new ApolloServer<GatewayContext>({
    gateway,
    logger: log,
    introspection,
    hideSchemaDetailsFromClientErrors: !introspection,
    parseOptions: PARSE_OPTIONS,
    validationRules: [limitDocument],
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    formatError: (_formatted, error) => formatPublicError(error, currentRequestLog() ?? log),
    plugins: [...apolloPlugins(isDevelopment), CHECK_REQUEST, REPORT_MISSING],
  });
  await server.start();
  return { server, graph: readGraph(supergraphSdl, gateway.schema!) };
}

/** Refuses requests that Apollo and its gateway would answer with 500, or only after much work. */
const CHECK_REQUEST: ApolloServerPlugin = {
  requestDidStart: async () => ({
    didResolveOperation: async ({ schema, document, operation, request }) => {
      if (!operation) throw badRequest('`operationName` names no operation of the document.');
      if (operation.operation === 'subscription')
        throw badRequest('Subscriptions are served over WebSocket (graphql-ws) at this address.');
      const { coerced: variables, errors } = readVariables(schema, operation, request.variables ?? {});
      if (!variables) throw errors[0]!;
      const tooMuch = refuseCost({ schema, document, operation, variables });
      if (tooMuch) throw tooMuch;
    },
  }),
};

const badRequest = (message: string) =>
  new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });

const REPORT_MISSING: ApolloServerPlugin = {
  requestDidStart: async () => ({
    willSendResponse: async ({ response: { body } }) => {
      if (body.kind === 'single') body.singleResult = reportMissing(body.singleResult);
    },
  }),
};
