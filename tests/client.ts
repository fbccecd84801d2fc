import { createClient } from 'graphql-ws';

// biome-ignore lint/suspicious/noExplicitAny: documents are plain text here, so nothing knows the shape of answers
type Json = any;

/** A client of the public address that asks in plain text, as somebody who has only read the documentation. */
export function connectClient(url: string, authorization?: string) {
  const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) };
  const socket = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 20,
    shouldRetry: () => true,
    ...(authorization && { connectionParams: { authorization } }),
  });
  return {
    /** The whole response, errors included. */
    async ask(query: string, variables: Record<string, unknown> = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as {
        data: Json;
        errors?: { message: string; extensions: { code: string } }[];
      };
    },
    /** The events of a subscription in an array that grows; `onEvent` is called for each, `end` leaves it. */
    follow(
      query: string,
      variables: Record<string, unknown>,
      onEvent: (event: Json) => void = () => undefined,
    ) {
      const events: Json[] = [];
      const errors: unknown[] = [];
      const state = { isComplete: false };
      const end = socket.subscribe<Record<string, unknown>>(
        { query, variables },
        {
          next: ({ data, errors: failures }) => {
            if (failures) errors.push(...failures);
            const [event] = Object.values(data ?? {});
            if (!event) return;
            events.push(event);
            onEvent(event);
          },
          error: (error) => errors.push(error),
          complete: () => {
            state.isComplete = true;
          },
        },
      );
      return { events, errors, state, end };
    },
    close: async () => socket.dispose(),
  };
}

export type Client = ReturnType<typeof connectClient>;
