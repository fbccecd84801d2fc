import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../../platform/input/errors.ts';
import { cutText } from '../../../../../platform/input/text.ts';
import {
  EVENT_ANSWER_CHARACTERS_MAX,
  RunChanged,
  type RunState,
} from '../../../../../schema/events/agents.ts';
import { projectStream } from '../../../../../schema/events/event.ts';
import { Agent } from '../../../entities/agent.ts';
import type { AgentRun } from '../../../entities/agent-run.ts';
import { holdsSlot, mayBecome } from '../../../entities/run-states.ts';
import { publishAgentStatus } from '../../agent/steps/publish-agent.ts';

/**
 * Moves a run to a state and publishes it. The caller holds the run's lock.
 *
 * This is the only place that changes the state of a run: a run that leaves the slot states frees its slot here.
 * `question` is the agent's message with its question, for INPUT_REQUIRED.
 * Throws INVALID_TRANSITION when `RUN_TRANSITIONS` does not allow the change.
 */
export async function changeRunState(
  tx: Transaction,
  run: AgentRun,
  next: RunState,
  question: string | null = null,
): Promise<void> {
  if (!mayBecome(run.state, next)) {
    throw new DomainError('INVALID_TRANSITION', `A run that is ${run.state} cannot become ${next}`);
  }
  const before = run.state;
  run.state = next;
  if (!holdsSlot(next)) {
    run.slot = null;
    run.leaseUntil = null;
    run.deadlineAt = null;
  }
  await publishRun(tx, run, { before, question });
}

/** Publishes a run, and its agent if what the agent has to do has changed with it. `before` is null for a new run. */
export async function publishRun(
  tx: Transaction,
  run: AgentRun,
  { before, question = null }: { before: RunState | null; question?: string | null },
): Promise<void> {
  const agent = await tx.em.findOneOrFail(Agent, { id: run.agentId });
  tx.publish(RunChanged, {
    stream: projectStream(run.projectId),
    subject: run.id,
    payload: {
      runId: run.id,
      agentId: run.agentId,
      agentName: agent.name,
      taskId: run.taskId,
      projectId: run.projectId,
      requestedBy: run.requestedBy,
      state: run.state,
      attempt: run.attempt,
      answer: run.answer == null ? null : cutText(run.answer, EVENT_ANSWER_CHARACTERS_MAX),
      failureMessage: run.failureMessage ?? null,
      question,
      possibleQuestion: run.possibleQuestion ?? null,
    },
  });
  if (workOf(before) !== workOf(run.state)) await publishAgentStatus(tx, agent);
}

/** What a run in a state is to its agent: work under way, work that waits, or none. */
const workOf = (state: RunState | null): 'held' | 'queued' | null =>
  state !== null && holdsSlot(state) ? 'held' : state === 'QUEUED' ? 'queued' : null;
