import type { FastifyInstance } from 'fastify';

/**
 * Serves `/livez` (200 while the process answers) and `/readyz` (200 while it can do its work, otherwise 503).
 *
 * `isReady` must check only what this service cannot work without. Another subgraph and OpenClaw are not part of that:
 * if one of them is down, the others must stay ready.
 */
export function serveHealth(app: FastifyInstance, isReady: () => Promise<boolean>): void {
  app.get('/livez', async () => ({ status: 'live' }));
  app.get('/readyz', async (_request, reply) => {
    const ready = await isReady();
    if (ready) return { status: 'ready' };
    return reply.status(503).header('retry-after', '5').send({ status: 'not ready' });
  });
}
