import { setTimeout as pause } from 'node:timers/promises';
import { actorKey } from '../platform/identity/actor.ts';
import type { GatewayContext } from './context.ts';
import { refused } from './request-refused.ts';

/** How much work somebody may cause: so much at once, and so much each second, in milliseconds of the gateway's thread. */
export interface Allowance {
  readonly burstMs: number;
  readonly perSecondMs: number;
}

export interface WorkBudgetOptions {
  person: Allowance;
  /** Of all people at one address, because in development a new person costs nothing. */
  address: Allowance;
  /** How long a request may wait for its turn before it is refused. */
  waitMs: number;
  /** The most requests of one person, or one address, that wait. */
  waitingMax: number;
}

/**
 * Shares out the gateway's thread for work that the text of a document causes: parsing, validation and planning.
 * Documents that are known cost nothing, so that ordinary clients never meet the bounds.
 */
export interface WorkBudget {
  /**
   * Returns null when the person and the address have time left, otherwise a promise for the moment when they have.
   * Throws or rejects with RequestRefused (LIMIT_EXCEEDED) instead of a long wait.
   */
  admit(spender: Spender): Promise<void> | null;
  /** Does the work at once, and takes from the person and the address the time that it took, at least LEAST_MS. */
  charge<Result>(spender: Spender, work: () => Result): Result;
}

export type Spender = Pick<GatewayContext, 'actor' | 'address'>;

export const WORK_BUDGET: WorkBudgetOptions = {
  person: { burstMs: 1_000, perSecondMs: 200 },
  address: { burstMs: 6_000, perSecondMs: 600 },
  waitMs: 5_000,
  waitingMax: 20,
};

/** What a document costs beside the work for it: the request around it must be read and answered too. */
const LEAST_MS = 2;
/** The most accounts that are kept. Beyond it those are forgotten that have been used least recently. */
const ACCOUNTS_MAX = 20_000;

interface Account {
  leftMs: number;
  at: number;
  waiting: number;
}

/** Creates a budget of which nothing has been spent. */
export function createWorkBudget({ person, address, waitMs, waitingMax }: WorkBudgetOptions): WorkBudget {
  const accounts = new Map<string, Account>();

  const open = (key: string, { burstMs, perSecondMs }: Allowance): Account => {
    const now = performance.now();
    const account = accounts.get(key) ?? { leftMs: burstMs, at: now, waiting: 0 };
    account.leftMs = Math.min(burstMs, account.leftMs + ((now - account.at) * perSecondMs) / 1000);
    account.at = now;
    accounts.delete(key);
    accounts.set(key, account);
    if (accounts.size > ACCOUNTS_MAX) accounts.delete(accounts.keys().next().value!);
    return account;
  };

  const accountsOf = ({ actor, address: from }: Spender) => [
    { account: open(`person ${actorKey(actor)}`, person), ...person },
    { account: open(`address ${from}`, address), ...address },
  ];
  const debtMs = (own: ReturnType<typeof accountsOf>) =>
    Math.max(...own.map(({ account, perSecondMs }) => (-account.leftMs * 1000) / perSecondMs));

  const wait = async (spender: Spender) => {
    const lateAt = performance.now() + waitMs;
    for (let own = accountsOf(spender); debtMs(own) >= 0; own = accountsOf(spender)) {
      const needed = debtMs(own) + 1;
      const isCrowded = own.some(({ account }) => account.waiting >= waitingMax);
      if (isCrowded || performance.now() + needed > lateAt) throw overspent(Math.ceil(needed / 1000));
      for (const { account } of own) account.waiting += 1;
      await pause(needed);
      for (const { account } of own) account.waiting -= 1;
    }
  };

  return {
    admit: (spender) => (debtMs(accountsOf(spender)) < 0 ? null : wait(spender)),
    charge(spender, work) {
      const start = performance.now();
      try {
        return work();
      } finally {
        const ms = Math.max(LEAST_MS, performance.now() - start);
        for (const { account } of accountsOf(spender)) account.leftMs -= ms;
      }
    },
  };
}

const overspent = (seconds: number) =>
  refused(
    'LIMIT_EXCEEDED',
    `You send new documents faster than they can be planned. Try again in ${seconds} s; a document that was sent before, with other variables, is never refused for this.`,
    { status: 429, headers: new Map([['retry-after', String(seconds)]]) },
  );
