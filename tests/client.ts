import { createClient } from 'graphql-ws';

// biome-ignore lint/suspicious/noExplicitAny: documents are plain text, so the shape of answers is unknown
type Json = any;

/** Creates a client of the public address. Documents are plain text, as in the documentation. */
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
    /** Returns the whole response, including errors. */
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
    /** Follows a subscription. New events are added to `events` and passed to `onEvent`; `end` ends the subscription. */
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
