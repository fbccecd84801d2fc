import type { EntityManager } from '@mikro-orm/postgresql';
import { isInTransaction, type Transaction } from '../event-log/transaction.ts';
import { type Person, personOf, type RequestActor } from '../identity/actor.ts';
import { createGrants, type Grants } from '../identity/grants.ts';
import type { Logger } from '../process/log.ts';
import type { Subgraph } from './subgraph.ts';

/** What every request has: who acts, and rows that are its own. */
export interface RequestContext {
  readonly actor: RequestActor;
  /** The person whose rights count: the actor, or whoever an agent acts for. */
  readonly viewer: Person;
  /** This request's own: rows that one actor read must never answer another. */
  readonly em: EntityManager;
  readonly grants: Grants;
  readonly subgraph: Subgraph;
  readonly log: Logger;
  /** Runs one operation in one transaction, in the name of the actor. */
  transact<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
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
    transact: (work) => subgraph.transact(actor, work),
  };
}

/**
 * A request's rights are read over a connection of their own. Inside a transaction that would wait for another
 * connection, with the embedded database, which has one, for ever. So it is an error, on either form; `tx.grants`
 * reads them through the transaction.
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
