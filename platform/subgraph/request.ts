import type { EntityManager } from '@mikro-orm/postgresql';
import type { IdempotentCall } from '../event-log/idempotency.ts';
import { isInTransaction, type Transaction } from '../event-log/transaction.ts';
import { type Person, personOf, type RequestActor } from '../identity/actor.ts';
import { createGrants, type Grants } from '../identity/grants.ts';
import type { Logger } from '../process/log.ts';
import type { Subgraph } from './subgraph.ts';

/** The context of one request, or of one event of a subscription. */
export interface RequestContext {
  readonly actor: RequestActor;
  /** The person whose rights count: the actor, or the person for whom an agent acts. */
  readonly viewer: Person;
  /** Belongs to this request alone: rows that one actor has read must never answer another actor. */
  readonly em: EntityManager;
  readonly grants: Grants;
  readonly subgraph: Subgraph;
  readonly log: Logger;
  /** Runs the work of one operation in one transaction, in the name of the actor; `call` is claimed in it. */
  transact<Result>(work: (tx: Transaction) => Promise<Result>, call?: IdempotentCall | null): Promise<Result>;
}

/** Makes the context of one request, or of one event of a subscription. */
export function createRequestContext(subgraph: Subgraph, actor: RequestActor, log: Logger): RequestContext {
  const em = subgraph.orm.em.fork();
  return {
    actor,
    viewer: personOf(actor),
    em,
    grants: outsideTransactions(createGrants(em, actor)),
    subgraph,
    log,
    transact: (work, call) => subgraph.transact(actor, work, call),
  };
}

/**
 * The grants of a request are read over a connection of their own. Inside a transaction that read would wait for a
 * second connection, which the embedded database does not have. So it is an error in both forms; use `tx.grants` there.
 */
function outsideTransactions(grants: Grants): Grants {
  const guard = () => {
    if (isInTransaction()) throw new Error('Inside a transaction rights are read through `tx.grants`');
  };
  return {
    async load(scope) {
      guard();
      return grants.load(scope);
    },
    async idsOf(prefix) {
      guard();
      return grants.idsOf(prefix);
    },
  };
}
