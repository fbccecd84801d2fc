import { randomUUID } from 'node:crypto';

/** The header that carries a request id: from a client to the gateway and back, and from the gateway to the subgraphs. */
export const REQUEST_ID_HEADER = 'x-request-id';

const REQUEST_ID = /^[A-Za-z0-9-]{8,64}$/;

/** Returns the given request id if it is 8 to 64 letters, digits and hyphens, otherwise a new one. */
export const acceptRequestId = (given: unknown): string =>
  typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
