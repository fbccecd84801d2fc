import type { FastifyInstance } from 'fastify';

/**
 * `/livez`: the process answers. `/readyz`: it can do its work, 503 while it cannot.
 *
 * Readiness asks only for what this service cannot do without: neither another subgraph nor OpenClaw,
 * or one that is down would take the others with it.
 */
export function serveHealth(app: FastifyInstance, isReady: () => Promise<boolean>): void {
  app.get('/livez', async () => ({ status: 'live' }));
  app.get('/readyz', async (_request, reply) => {
    const ready = await isReady();
    return reply.status(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
  });
}
