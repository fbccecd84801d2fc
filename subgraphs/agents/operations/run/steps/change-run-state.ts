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
import { publishAgent } from '../../agent/steps/publish-agent.ts';

/**
 * Moves a run to a state and tells everybody. The caller holds the row's lock.
 *
 * This is the only place where a run changes its state: whatever leaves the slot states gives its slot back here.
 * `question` is what the agent asks, with INPUT_REQUIRED.
 * Throws INVALID_TRANSITION when `RUN_TRANSITIONS` has no such step.
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
  run.state = next;
  if (!holdsSlot(next)) {
    run.slot = null;
    run.leaseUntil = null;
    run.deadlineAt = null;
  }
  await publishRun(tx, run, question);
}

/** Tells everybody where a run stands, and that its agent's status may have changed with it. */
export async function publishRun(
  tx: Transaction,
  run: AgentRun,
  question: string | null = null,
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
      state: run.state,
      attempt: run.attempt,
      answer: run.answer == null ? null : cutText(run.answer, EVENT_ANSWER_CHARACTERS_MAX),
      failureMessage: run.failureMessage ?? null,
      question,
    },
  });
  await publishAgent(tx, run.agentId);
}
