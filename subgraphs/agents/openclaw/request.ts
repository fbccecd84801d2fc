import type { Agent } from '../entities/agent.ts';
import type { AgentRun } from '../entities/agent-run.ts';

/**
 * The session of a new attempt in OpenClaw. Unique to the attempt: sessions of the same key wait for each other,
 * carry the earlier conversation into the next prompt, and could not be told apart in a callback.
 * Lower case, as OpenClaw stores it.
 */
export const sessionKeyOf = ({ taskId, id, attempt }: Pick<AgentRun, 'taskId' | 'id' | 'attempt'>): string =>
  attempt === 1 ? `task:${taskId}:${id}` : `task:${taskId}:${id}:${attempt}`;

/**
 * The exact bytes that hand a run to OpenClaw.
 *
 * `persistent`, or its history could not be read; `next-heartbeat`, or every failure would start another run in the
 * agent's main session; `deliver: false`, because the answer goes to the task.
 */
export const renderRequest = ({
  agent,
  run,
  sessionKey,
  prompt,
}: {
  agent: Pick<Agent, 'slug'>;
  run: Pick<AgentRun, 'timeoutSeconds'>;
  sessionKey: string;
  prompt: string;
}): string =>
  JSON.stringify({
    message: prompt,
    name: 'Team Board',
    agentId: agent.slug,
    sessionKey,
    sessionMode: 'persistent',
    deliver: false,
    wakeMode: 'next-heartbeat',
    timeoutSeconds: run.timeoutSeconds,
  });

/** The prompt in the bytes of a request. */
export const promptOf = (requestBody: string): string =>
  (JSON.parse(requestBody) as { message: string }).message;
