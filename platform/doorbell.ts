import { RedisPubSub } from 'graphql-redis-subscriptions';
import { PubSub, type PubSubEngine } from 'graphql-subscriptions';
import { Redis } from 'ioredis';
import type { Hint } from './event-log.ts';
import type { Logger } from './log.ts';

/**
 * Tells every process that streams have grown. A hint, never the news itself: who hears it reads the log,
 * and who misses it finds out by sweeping. So ringing never fails and never waits.
 */
export interface Doorbell {
  ring(hints: readonly Hint[]): void;
  /** Calls `listener` for each hint until the returned function is called. */
  listen(listener: (hint: Hint) => void): Promise<() => void>;
  /** Whether hints travel now; without them events arrive by sweeping, a few seconds later. */
  isHealthy(): boolean;
  close(): Promise<void>;
}

const CHANNEL = 'team-board:log';

/** A doorbell over any PubSubEngine. */
export const createDoorbell = (
  engine: PubSubEngine,
  log: Logger,
  connection: { isHealthy(): boolean; close(): Promise<void> },
): Doorbell => ({
  ring(hints) {
    for (const hint of hints) {
      engine.publish(CHANNEL, hint).catch((err: unknown) => log.warn({ err }, 'doorbell.not-rung'));
    }
  },
  async listen(listener) {
    const id = await engine.subscribe(CHANNEL, listener, {});
    return () => engine.unsubscribe(id);
  },
  ...connection,
});

/** For rooms in one process. */
export const createLocalDoorbell = (log: Logger): Doorbell =>
  createDoorbell(new PubSub(), log, { isHealthy: () => true, close: async () => undefined });

/**
 * For rooms in processes of their own, through Redis PUBLISH.
 *
 * Hints are dropped, not queued, while Redis cannot be reached: they would be stale by then.
 */
export function connectDoorbell(redisUrl: string, log: Logger): Doorbell {
  const connect = (offlineQueue: boolean) => {
    const redis = new Redis(redisUrl, {
      enableOfflineQueue: offlineQueue,
      maxRetriesPerRequest: offlineQueue ? null : 0,
      retryStrategy: (tries) => Math.min(tries * 100, 2_000),
    });
    redis.on('error', (err) => log.warn({ err }, 'redis.unreachable'));
    return redis;
  };
  const publisher = connect(false);
  const subscriber = connect(true);
  return createDoorbell(new RedisPubSub({ publisher, subscriber }), log, {
    isHealthy: () => publisher.status === 'ready' && subscriber.status === 'ready',
    close: async () => {
      publisher.disconnect();
      subscriber.disconnect();
    },
  });
}
