import type { Agent } from '../entities/agent.ts';
import type { AgentRun } from '../entities/agent-run.ts';

/**
 * The session of a new attempt in OpenClaw. It is unique to the attempt: sessions with the same key would wait for each
 * other, put the earlier conversation into the next prompt, and be indistinguishable in a callback.
 * In lower case, as OpenClaw stores it.
 */
export const sessionKeyOf = ({ taskId, id, attempt }: Pick<AgentRun, 'taskId' | 'id' | 'attempt'>): string =>
  attempt === 1 ? `task:${taskId}:${id}` : `task:${taskId}:${id}:${attempt}`;

/** The id of the run that a session belongs to; null for a key that `sessionKeyOf` did not make. */
export const runIdOf = (sessionKey: string): string | null =>
  /^task:[^:]+:([^:]+)(:\d+)?$/.exec(sessionKey)?.[1] ?? null;

/**
 * The exact bytes that hand a run to OpenClaw.
 *
 * `persistent` keeps the history readable. `next-heartbeat` keeps a failure from starting another run in the agent's
 * main session. `deliver: false`, because the answer goes to the task.
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
