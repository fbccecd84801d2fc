import type { Viewer } from '../platform/identity/statement.ts';

/** What a request is to the gateway: who asks, and how long there is to answer. */
export interface GatewayContext {
  readonly viewer: Viewer;
  /** Goes to the subgraphs and into the log; the client gets it back as `x-request-id`. */
  readonly requestId: string;
  /** When everything must be answered, as epoch milliseconds; subgraphs are not waited for beyond it. */
  readonly deadlineAt?: number;
}
