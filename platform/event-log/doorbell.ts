import { RedisPubSub } from 'graphql-redis-subscriptions';
import { PubSub, type PubSubEngine } from 'graphql-subscriptions';
import { Redis } from 'ioredis';
import type { Logger } from '../process/log.ts';
import type { Hint } from './event-log.ts';

/**
 * Tells every process that streams have grown. A hint, never the news itself: who hears it reads the log,
 * and who misses it finds out by sweeping. So ringing never fails and never waits.
 */
export interface Doorbell {
  ring(hints: readonly Hint[]): void;
  /** Calls `listener` for each hint until the returned function is called. Comes back also while no hints travel. */
  listen(listener: (hint: Hint) => void): Promise<() => void>;
  /** Whether hints travel now; without them events arrive by sweeping, a few seconds later. */
  isHealthy(): boolean;
  close(): Promise<void>;
}

const CHANNEL = 'team-board:log';

/** How long a listener waits to be heard of by an engine that cannot be reached; then it starts without. */
const PATIENCE_MS = 1_000;

/**
 * A doorbell over any PubSubEngine, once `opened`.
 *
 * The engine has one subscription, never given up, which all listeners share: some engines go silent for all
 * listeners of a channel when one of them leaves.
 */
export function createDoorbell(
  engine: PubSubEngine,
  log: Logger,
  connection: { isHealthy(): boolean; close(): Promise<void> },
  opened: Promise<void> = Promise.resolve(),
): Doorbell {
  const listeners = new Set<(hint: Hint) => void>();
  // A listener that throws must neither silence the others nor make a commit look failed to whoever rang.
  const spread = (hint: Hint) => {
    for (const listener of listeners) {
      try {
        listener(hint);
      } catch (err) {
        log.error({ err }, 'doorbell.listener-failed');
      }
    }
  };
  const subscribed = opened
    .then(() => engine.subscribe(CHANNEL, spread, {}))
    .catch((err: unknown) => log.warn({ err }, 'doorbell.not-subscribed'));

  return {
    ring(hints) {
      for (const hint of hints) {
        engine.publish(CHANNEL, hint).catch((err: unknown) => log.debug({ err }, 'doorbell.not-rung'));
      }
    },
    async listen(listener) {
      const own = (hint: Hint) => listener(hint); // the same function may listen twice
      listeners.add(own);
      await atMost(PATIENCE_MS, subscribed);
      return () => listeners.delete(own);
    },
    ...connection,
  };
}

/** Waits for a promise, but not for ever: a subgraph starts without its doorbell and lives by sweeping. */
async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, end]);
  clearTimeout(timer);
}

/** For subgraphs in one process. */
export const createLocalDoorbell = (log: Logger): Doorbell =>
  createDoorbell(new PubSub(), log, { isHealthy: () => true, close: async () => undefined });

/**
 * For subgraphs in processes of their own, through Redis PUBLISH.
 *
 * Hints are dropped, not queued, while Redis cannot be reached: they would be stale by then.
 */
export function connectDoorbell(redisUrl: string, log: Logger): Doorbell {
  const connect = () => {
    const redis = new Redis(redisUrl, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (tries) => Math.min(tries * 100, 2_000),
    });
    redis.on('error', (err) => log.warn({ err }, 'redis.unreachable'));
    return redis;
  };
  const publisher = connect();
  const subscriber = connect();
  const opened = new Promise<void>((resolve) => subscriber.once('ready', resolve));
  const connection = {
    isHealthy: () => publisher.status === 'ready' && subscriber.status === 'ready',
    close: async () => {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
  return createDoorbell(new RedisPubSub({ publisher, subscriber }), log, connection, opened);
}
