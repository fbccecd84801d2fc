import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { request } from 'undici';
import { z } from 'zod';
import { DomainError } from '../platform/input/errors.ts';
import { readBounded } from '../platform/process/bounded-read.ts';
import type { Logger } from '../platform/process/log.ts';

/** The keys that a provider had published at one time. */
export interface KeySet {
  readonly find: JWTVerifyGetKey;
  /** When they were asked for, by the clock of `performance.now()`. */
  readonly askedAt: number;
}

/** The keys of an OIDC provider. Both functions throw UNAVAILABLE while they cannot be fetched. */
export interface ProviderKeys {
  /**
   * Returns keys that are not older than `maxAgeMs`, at once if they are known. While the provider does not answer, the
   * keys that are known already stay in use.
   */
  known(): Promise<KeySet>;
  /** Returns keys that were asked for after this moment. Calls at the same time share one request. */
  askedAfter(moment: number): Promise<KeySet>;
}

export interface ProviderKeysOptions {
  issuer: string;
  maxAgeMs: number;
  log: Logger;
}

/** The shortest time between two requests. Whoever waits for a new key waits no longer than this and one request. */
const PAUSE_MS = 500;
/** The pause after a failed request, in which nobody waits. */
const FAILURE_PAUSE_MS = 1_000;
/** How long discovery and the request for the keys may take together. */
const TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 1_048_576;
/** The most callers that wait for a new key. A flood of unknown keys must not fill the memory. */
const WAITING_MAX = 1_000;

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

/**
 * Fetches the keys of a provider and keeps them for `maxAgeMs`; discovery finds their address.
 *
 * This stands in place of the remote key set of jose, which asks the provider once in 30 seconds for unknown keys, keeps
 * removed keys until an unknown one comes, and tells a token at fault from a provider at fault only by its errors.
 */
export function createProviderKeys({ issuer, maxAgeMs, log }: ProviderKeysOptions): ProviderKeys {
  let current: (KeySet & { readonly fetchedAt: number }) | null = null;
  let address: string | null = null;
  let running: Promise<KeySet> | null = null;
  /** A request that waits for its pause to end. */
  let next: Promise<KeySet> | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let failedAt: number | null = null;
  let waiting = 0;

  const ask = async () => {
    askedAt = performance.now();
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      address ??= await discover(issuer, signal);
      const find = createLocalJWKSet((await fetchJson(address, signal)) as JSONWebKeySet);
      if (failedAt !== null) log.info('sign-in.provider-found');
      failedAt = null;
      current = { find, askedAt, fetchedAt: performance.now() };
      return current;
    } catch (err) {
      if (failedAt === null) log.warn({ err }, 'sign-in.provider-lost');
      failedAt = performance.now();
      address = null; // the provider may have moved its keys
      throw providerAway();
    }
  };
  const start = () => {
    running = ask().finally(() => {
      running = null;
    });
    return running;
  };
  const isPausing = () => failedAt !== null && performance.now() - failedAt < FAILURE_PAUSE_MS;

  /** Asks after every request that has begun already. */
  const askLater = async () => {
    await running?.catch(() => undefined);
    await wait(askedAt + PAUSE_MS - performance.now());
    next = null; // who comes from now on needs a later request
    return start();
  };
  const refresh = () => running ?? next ?? start();

  return {
    async known() {
      if (!current) {
        if (isPausing()) throw providerAway();
        return refresh();
      }
      const age = performance.now() - current.fetchedAt;
      if (age < maxAgeMs / 2 || isPausing()) return current;
      const known = current;
      const refreshed = refresh().catch(() => known);
      // Nobody waits for a provider that has failed before, nor for keys that are still young enough.
      return age < maxAgeMs || failedAt !== null ? known : refreshed;
    },
    async askedAfter(moment) {
      if (current && current.askedAt >= moment) return current;
      if (isPausing() || waiting >= WAITING_MAX) throw providerAway();
      waiting += 1;
      try {
        next ??= askLater();
        return await next;
      } finally {
        waiting -= 1;
      }
    },
  };
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));

export const providerAway = () =>
  new DomainError(
    'UNAVAILABLE',
    'Sign-in cannot be checked now, as its provider does not answer. Try again later.',
  );

async function discover(issuer: string, signal: AbortSignal): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const found = Discovery.parse(await fetchJson(address, signal));
  if (found.issuer !== issuer) throw new Error(`The provider calls itself ${found.issuer}, not ${issuer}`);
  return found.jwks_uri;
}

async function fetchJson(address: string, signal: AbortSignal): Promise<unknown> {
  const { statusCode, body } = await request(address, { signal, headers: { accept: 'application/json' } });
  const { bytes, isCut } = await readBounded(body, ANSWER_BYTES_MAX);
  if (statusCode !== 200 || isCut) throw new Error(`${address} answered with status ${statusCode}`);
  return JSON.parse(bytes.toString());
}
