import { type Loop, startLoop } from '../../../platform/loop.ts';
import type { Room } from '../../../platform/room.ts';
import { transact } from '../../../platform/transaction.ts';
import { Agent } from '../entities/agent.ts';
import type { AgentRun } from '../entities/agent-run.ts';
import { expireRun } from '../operations/expire-run.ts';
import type { OpenClaw } from './client.ts';

/** A run that was asked to stop is asked again this often until OpenClaw has said that it stopped. */
const ABORT_AGAIN_MS = 10_000;

/**
 * Ends what does not end by itself: runs whose deadline has passed are TIMED_OUT, and OpenClaw is told to stop
 * them and those that somebody canceled. The slot is free whether OpenClaw hears it or not.
 */
export function startReaper(room: Room, openClaw: OpenClaw, sweepSeconds: number): Loop {
  const askedAt = new Map<string, number>();

  async function abort(run: Pick<AgentRun, 'id' | 'agentId' | 'sessionKey'>): Promise<void> {
    if (!run.sessionKey) return;
    try {
      const agent = await room.orm.em.fork().findOneOrFail(Agent, { id: run.agentId });
      await openClaw.abort(agent.slug, run.sessionKey);
      room.log.info({ runId: run.id }, 'run.abort-sent');
    } catch (err) {
      room.log.warn({ err, runId: run.id }, 'run.abort-not-sent');
    }
  }

  async function expire(): Promise<void> {
    for (;;) {
      const run = await transact({ em: room.orm.em, doorbell: room.doorbell, actor: 'reaper' }, expireRun);
      if (!run) return;
      room.log.warn({ runId: run.id, state: run.state }, 'run.expired');
      await abort(run);
    }
  }

  async function abortCanceled(): Promise<void> {
    const canceling: { id: string; agent_id: string; session_key: string }[] = await room.orm.em
      .fork()
      .execute(`select id, agent_id, session_key from agents.agent_run where state = 'CANCELING'`);
    for (const id of askedAt.keys()) if (!canceling.some((run) => run.id === id)) askedAt.delete(id);
    for (const run of canceling) {
      if (Date.now() - (askedAt.get(run.id) ?? 0) < ABORT_AGAIN_MS) continue;
      askedAt.set(run.id, Date.now());
      await abort({ id: run.id, agentId: run.agent_id, sessionKey: run.session_key });
    }
  }

  return startLoop(
    'reaper',
    sweepSeconds,
    async () => {
      await expire();
      await abortCanceled();
    },
    room.log,
  );
}
