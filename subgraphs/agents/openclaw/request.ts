import type { Agent } from '../entities/agent.ts';
import type { AgentRun } from '../entities/agent-run.ts';
import type { KnownTask } from '../entities/known-task.ts';

/** OpenClaw refuses bodies over 256 KiB; the rest is room for what it adds itself. */
const REQUEST_BYTES_MAX = 250_000;
const CUT_MARK = '\n\n[Cut here: the text is too long to be sent whole. The task has all of it.]';

/**
 * The session of a run's attempt in OpenClaw. Unique to the attempt: sessions of the same key wait for each other,
 * carry the earlier conversation into the next prompt, and could not be told apart in a callback.
 * Lower case, as OpenClaw stores it.
 */
export const sessionKeyOf = ({ taskId, id, attempt }: AgentRun): string =>
  attempt === 1 ? `task:${taskId}:${id}` : `task:${taskId}:${id}:${attempt}`;

/** By this key OpenClaw knows a repeat of the same hand-over. */
export const idempotencyKeyOf = ({ id, attempt }: AgentRun): string => `${id}:${attempt}`;

/**
 * The exact bytes that hand a run to OpenClaw.
 *
 * `persistent`, or its history could not be read; `next-heartbeat`, or every failure would start another run in the
 * agent's main session; `deliver: false`, because the answer goes to the task. It holds no secret: whoever talks the
 * agent into telling its prompt learns nothing.
 */
export function renderRequest(agent: Agent, task: KnownTask, run: AgentRun): string {
  const render = (description: string) =>
    JSON.stringify({
      message: renderPrompt(agent, { ...task, description }, run),
      name: `Team Board ${task.ref}`,
      agentId: agent.slug,
      sessionKey: run.sessionKey,
      sessionMode: 'persistent',
      deliver: false,
      wakeMode: 'next-heartbeat',
      timeoutSeconds: run.timeoutSeconds,
    });
  const description = task.description ?? '';
  const whole = render(description);
  const excessBytes = Buffer.byteLength(whole) - REQUEST_BYTES_MAX;
  if (excessBytes <= 0) return whole;
  // A character takes at most six bytes in JSON and at least one, so this cuts enough whatever they are.
  const kept = Math.max(0, description.length - excessBytes - CUT_MARK.length);
  return render(description.slice(0, kept) + CUT_MARK);
}

const renderPrompt = (
  agent: Agent,
  task: Pick<KnownTask, 'ref' | 'title' | 'description'>,
  run: AgentRun,
): string =>
  [
    agent.systemPrompt,
    `# Task ${task.ref}: ${task.title}`,
    task.description,
    `# What you are asked to do\n${run.instruction}`,
    'Your last message is posted as a comment on the task, and a person reviews it.',
  ]
    .filter((part) => part?.trim())
    .join('\n\n');
