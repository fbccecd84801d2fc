import type { Case } from '../case.ts';
import { get, rpc } from '../client.ts';

const model = (id: string) => ({ id, object: 'model', created: 0, owned_by: 'openclaw', permission: [] });

export const identity: Case[] = [
  {
    name: '/v1/models lists the agents',
    async observe(subject) {
      const { status, body } = await get(subject, '/v1/models');
      return { status, body };
    },
    expected: {
      status: 200,
      body: {
        object: 'list',
        data: [
          'openclaw',
          'openclaw/default',
          'openclaw/main',
          'openclaw/researcher',
          'openclaw/unlucky',
        ].map(model),
      },
    },
  },
  {
    name: 'the probes return readiness, version and uptime',
    async observe(subject) {
      const [health, ready, startup] = await Promise.all(
        ['/healthz', '/readyz', '/startupz'].map((path) => get(subject, path)),
      );
      return {
        health: health!.body,
        ready: [ready!.status, ready!.body.ready, ready!.body.failing, typeof ready!.body.uptimeMs],
        startup: { ...startup!.body, uptimeMs: typeof startup!.body.uptimeMs },
      };
    },
    expected: {
      health: { ok: true, status: 'live' },
      ready: [200, true, [], 'number'],
      startup: { ok: true, status: 'started', version: '2026.9.6', uptimeMs: 'number' },
    },
  },
  {
    name: 'the WebSocket returns the protocol, the version and an id of the gateway’s process',
    async observe(subject) {
      const [first, second] = [await rpc(subject, 'agents.list', {}), await rpc(subject, 'agents.list', {})];
      const { protocol, server } = first.hello.payload;
      return {
        protocol,
        version: server.version,
        isUuid: /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(server.bootId),
        isSameProcess: server.bootId === second.hello.payload.server.bootId,
        agents: first.answer.payload.agents.map(({ id }: { id: string }) => id),
      };
    },
    expected: {
      protocol: 4,
      version: '2026.9.6',
      isUuid: true,
      isSameProcess: true,
      agents: ['main', 'researcher', 'unlucky'],
    },
  },
];
