import { prettyFormatQueryPlan } from '@apollo/query-planner';
import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { type GraphQLError, type GraphQLSchema, OperationTypeNode, parse } from 'graphql';
import type { Logger } from '../platform/process/log.ts';
import type { GatewayContext } from './context.ts';
import type { ClientDocument, Documents } from './documents.ts';
import { apolloPlugins } from './explorer.ts';
import { formatPublicError } from './public-error.ts';
import type { Queries } from './queries.ts';
import { RequestRefused, refused } from './request-refused.ts';

export interface ApolloOptions {
  schema: GraphQLSchema;
  documents: Documents;
  queries: Queries;
  isDevelopment: boolean;
  log: Logger;
}

/**
 * Starts Apollo Server, which speaks GraphQL over HTTP: methods, media types, the protection of browsers and the explorer.
 * What a request asks for is read by `documents` and carried out by `queries`, as over WebSocket.
 */
export async function startApollo(options: ApolloOptions): Promise<ApolloServer<GatewayContext>> {
  const { schema, isDevelopment, log } = options;
  const server = new ApolloServer<GatewayContext>({
    schema,
    logger: log,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    documentStore: null,
    stopOnTerminationSignals: false,
    formatError: (_formatted, error) => formatPublicError(error, log),
    plugins: [...apolloPlugins(isDevelopment), answerRequests(options)],
  });
  await server.start();
  return server;
}

/** Stands in the place of a refused document, so that Apollo Server neither parses nor validates that. */
const NO_DOCUMENT = parse('{ __typename }');

/** Answers every request in place of Apollo Server's own parser, validation and executor. */
const answerRequests = ({
  documents,
  queries,
  isDevelopment,
}: ApolloOptions): ApolloServerPlugin<GatewayContext> => ({
  async requestDidStart() {
    let read: ClientDocument | RequestRefused;
    return {
      async didResolveSource(request) {
        read = await readDocument(documents, request.source, request.contextValue);
        Object.assign(request, { document: 'document' in read ? read.document : NO_DOCUMENT });
      },
      async responseForOperation({ request, operation, contextValue }) {
        const { log } = contextValue;
        try {
          if (read instanceof RequestRefused) throw read;
          if (operation?.operation === OperationTypeNode.SUBSCRIPTION) throw OVER_WEBSOCKET;
          const { data, errors, plan } = await queries.run(read, request, contextValue);
          const wantsPlan = isDevelopment && request.http?.headers.has('apollo-query-plan-experimental');
          return respond({
            data,
            ...(errors.length > 0 && { errors: errors.map((error) => formatPublicError(error, log)) }),
            ...(wantsPlan && { extensions: { __queryPlanExperimental: prettyFormatQueryPlan(plan) } }),
          });
        } catch (error) {
          const errors = error instanceof RequestRefused ? error.errors : [error as Error];
          return respond({ errors: errors.map((each) => formatPublicError(each, log)) }, headOf(errors[0]));
        }
      },
    };
  },
});

const OVER_WEBSOCKET = refused(
  'BAD_REQUEST',
  'Subscriptions are served over WebSocket (graphql-ws) at this address.',
);

async function readDocument(documents: Documents, source: string, context: GatewayContext) {
  try {
    await documents.admit(source, context);
    return documents.read(source, context);
  } catch (error) {
    if (error instanceof RequestRefused) return error;
    throw error;
  }
}

interface Head {
  status: number;
  headers?: Map<string, string>;
}

/** An error that nobody has foreseen is a fault of the gateway. */
function headOf(error: GraphQLError | Error | undefined): Head {
  if (!error || !('extensions' in error)) return { status: 500 };
  return (error.extensions['http'] as Head | undefined) ?? { status: 400 };
}

const respond = (singleResult: object, { status, headers }: Partial<Head> = {}) => ({
  http: { headers: new HeaderMap(headers ?? []), ...(status !== undefined && { status }) },
  body: { kind: 'single' as const, singleResult },
});
