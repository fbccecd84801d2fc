import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { createClient } from 'graphql-ws';

/** A client of the public address with typed documents. */
export interface BoardClient {
  /** Sends a query or mutation. Throws the first top-level error. */
  ask<Result, Variables>(
    document: TypedDocumentNode<Result, Variables>,
    variables: Variables,
  ): Promise<Result>;
  /** Calls `next` for each event. An error rejects `whenFollowing`, or ends the process as an unhandled rejection. */
  follow<Result, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Result, Variables>,
    variables: Variables,
    next: (result: Result) => void,
  ): void;
  /** Resolves when every subscription so far is live: it has received StreamCaughtUp. */
  whenFollowing(): Promise<unknown>;
  close(): Promise<void>;
}

/** Connects to a Team Board. `token` is an access token; without it the client is the development viewer. */
export function connectBoard(url: string, token?: string): BoardClient {
  const authorization = token && `Bearer ${token}`;
  const socket = createClient({
    url: new URL('/graphql', url).toString().replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    ...(authorization && { connectionParams: { authorization } }),
  });
  const live: Promise<void>[] = [];
  return {
    async ask(document, variables) {
      const response = await fetch(new URL('/graphql', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        body: JSON.stringify({ query: print(document), variables }),
      }).catch((cause: unknown) => {
        throw new Error(
          `There is no answer from ${url}. Start Team Board with \`npm start\`, or choose another address: \`npm run demo -- --url http://…\``,
          { cause },
        );
      });
      const { data, errors } = (await response.json()) as { data: never; errors?: { message: string }[] };
      if (errors?.[0]) throw new Error(errors[0].message);
      return data;
    },
    follow(document, variables, next) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      live.push(promise);
      socket.subscribe<Record<string, { __typename: string }>>(
        { query: print(document), variables },
        {
          next: ({ data, errors }) => {
            if (errors?.[0]) return reject(new Error(errors[0].message));
            if (Object.values(data ?? {})[0]?.__typename === 'StreamCaughtUp') resolve();
            return next(data as never);
          },
          error: (error) => reject(Array.isArray(error) ? new Error(error[0].message) : error),
          complete: resolve,
        },
      );
    },
    whenFollowing: () => Promise.all(live),
    close: async () => socket.dispose(),
  };
}
