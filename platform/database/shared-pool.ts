import { createFairQueue } from '../process/fair-queue.ts';
import { currentWork } from '../process/work.ts';

/** The part of pg's pool that is used here: https://node-postgres.com/apis/pool */
export interface Pool {
  connect(): Promise<PoolClient>;
  on(event: 'acquire', listener: (client: PoolClient) => void): void;
  on(event: 'release', listener: (error: unknown, client: PoolClient) => void): void;
}
export interface PoolClient {
  once(event: 'end', listener: () => void): void;
  release(destroy: true): void;
}

/** Connections that only urgent work may take: live events and the service's own work, such as its readers. */
const RESERVED = 2;

/**
 * Shares the connections of a pool between those for whom the process works. One person gets at most half of them, people
 * get their turns, and urgent work waits for nobody. A request whose client has gone gives its wait up.
 */
export function sharePool(pool: Pool, connectionsMax: number): void {
  const places = createFairQueue({
    runningMax: connectionsMax,
    patientMax: Math.max(1, connectionsMax - RESERVED),
    perOwnerMax: Math.ceil(connectionsMax / 2),
  });
  const leaves = new WeakMap<PoolClient, () => void>();
  const connect = pool.connect.bind(pool);
  let ownTurns = 0;
  pool.connect = async () => {
    // The service's own work is never one owner: a migration holds a connection while it needs another.
    const { owner = `service ${++ownTurns}`, isUrgent = true, signal } = currentWork() ?? {};
    const leave = await places.enter({ owner, isUrgent, ...(signal && { signal }) });
    try {
      const client = await connect();
      leaves.set(client, leave);
      return client;
    } catch (error) {
      leave();
      throw error;
    }
  };
  pool.on('release', (_error, client) => leaves.get(client)?.());
}
