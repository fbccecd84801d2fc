import { setTimeout as pause } from 'node:timers/promises';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import { PubSub, type PubSubEngine } from 'graphql-subscriptions';
import { Redis } from 'ioredis';
import { backoffMs } from '../process/backoff.ts';
import type { Logger } from '../process/log.ts';
import type { Hint } from './event-log.ts';

/**
 * Tells every process that streams have grown. A hint carries no event: its listener reads the log, and a sweep finds
 * what a lost hint would have told. So `ring` neither fails nor waits.
 */
export interface Doorbell {
  ring(hints: readonly Hint[]): void;
  /** Calls `listener` for each hint until the returned function is called. Resolves also while no hints travel. */
  listen(listener: (hint: Hint) => void): Promise<() => void>;
  /** Whether hints travel now. Without them events arrive by sweeping, a few seconds later. */
  isHealthy(): boolean;
  close(): Promise<void>;
}

/** The PubSubEngine of one process needs no more than one name. */
const LOCAL_CHANNEL = 'log';

/** How long `listen` waits for an engine that cannot be reached. Then the subgraph starts without hints. */
const SUBSCRIBE_TIMEOUT_MS = 1_000;
const RECONNECT = { firstMs: 100, lastMs: 2_000 };

/**
 * A doorbell over any PubSubEngine, once `opened` resolves.
 *
 * All listeners share one subscription, which is never given up: some engines stop calling all listeners of a channel
 * when one of them unsubscribes.
 */
function createDoorbell(
  engine: PubSubEngine,
  channel: string,
  log: Logger,
  connection: { isHealthy(): boolean; close(): Promise<void> },
  opened: Promise<void> = Promise.resolve(),
): Doorbell {
  const listeners = new Set<(hint: Hint) => void>();
  const spread = (hint: Hint) => {
    for (const listener of listeners) {
      try {
        listener(hint);
      } catch (err) {
        // Thrown on, it would silence the other listeners, and make a commit look failed to the caller of `ring`.
        log.error({ err }, 'doorbell.listener-failed');
      }
    }
  };
  const subscribed = opened
    .then(() => engine.subscribe(channel, spread, {}))
    .catch((err: unknown) => log.warn({ err }, 'doorbell.not-subscribed'));

  return {
    ring(hints) {
      for (const hint of hints) {
        engine.publish(channel, hint).catch((err: unknown) => log.debug({ err }, 'doorbell.not-rung'));
      }
    },
    async listen(listener) {
      const own = (hint: Hint) => listener(hint); // the same function may listen twice
      listeners.add(own);
      await Promise.race([subscribed, pause(SUBSCRIBE_TIMEOUT_MS, undefined, { ref: false })]);
      return () => listeners.delete(own);
    },
    ...connection,
  };
}

/** For subgraphs in one process. */
export const createLocalDoorbell = (log: Logger): Doorbell =>
  createDoorbell(new PubSub(), LOCAL_CHANNEL, log, { isHealthy: () => true, close: async () => undefined });

/**
 * For subgraphs in processes of their own, through Redis PUBLISH.
 *
 * `prefix` tells one installation from others that share the Redis server: numbered databases of Redis do not separate
 * what is published. While Redis cannot be reached, hints are dropped and not queued: when it is back, sweeping has found the events.
 */
export function connectDoorbell(redisUrl: string, prefix: string, log: Logger): Doorbell {
  const connect = () => {
    const redis = new Redis(redisUrl, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (failures) => backoffMs(failures, RECONNECT),
    });
    redis.on('error', (err) => log.warn({ err }, 'redis.unreachable'));
    return redis;
  };
  const [publisher, subscriber] = [connect(), connect()];
  const connections = [publisher, subscriber];
  const opened = new Promise<void>((resolve) => subscriber.once('ready', resolve));
  return createDoorbell(
    new RedisPubSub({ publisher, subscriber }),
    `${prefix}:log`,
    log,
    {
      isHealthy: () => connections.every(({ status }) => status === 'ready'),
      close: async () => {
        for (const connection of connections) connection.disconnect();
      },
    },
    opened,
  );
}
