import type { RequestActor } from '../platform/identity/actor.ts';
import type { Logger } from '../platform/process/log.ts';

/** What the gateway knows about a request while it answers it. */
export interface GatewayContext {
  readonly actor: RequestActor;
  /** The network address that the request came from. */
  readonly address: string;
  /** The id that the subgraphs and the logs get; over HTTP the client gets it as `x-request-id`. */
  readonly requestId: string;
  /** Its records have the request id. */
  readonly log: Logger;
  /** When the answer must be complete, as epoch milliseconds. Subgraphs are not waited for beyond it. */
  readonly deadlineAt?: number;
}
