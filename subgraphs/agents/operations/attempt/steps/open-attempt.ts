import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { Agent } from '../../../entities/agent.ts';
import type { AgentRun } from '../../../entities/agent-run.ts';
import { KnownComment } from '../../../entities/known-comment.ts';
import { KnownProject } from '../../../entities/known-project.ts';
import { KnownTask } from '../../../entities/known-task.ts';
import { RunAttempt } from '../../../entities/run-attempt.ts';
import { RunQuestion } from '../../../entities/run-question.ts';
import { renderPrompt } from '../../../openclaw/prompt.ts';
import { renderRequest, sessionKeyOf } from '../../../openclaw/request.ts';
import { noteActivity } from '../../run/steps/note-activity.ts';

const COMMENTS_IN_PROMPT = 10;

/**
 * Returns the attempt to hand over: the newest one with the same bytes if OpenClaw has not admitted it yet, otherwise a
 * new one. After an answered question the new one continues in the same session. The caller holds the run's lock.
 */
export async function openAttempt(tx: Transaction, agent: Agent, run: AgentRun): Promise<RunAttempt> {
  const newest = await tx.em.findOne(RunAttempt, { runId: run.id, number: run.attempt });
  const now = await tx.now();
  if (newest && !newest.endedAt) {
    if (newest.target === agent.target) return newest;
    newest.endedAt = now; // it was never admitted, and the agent is in another target now
  }
  const answer = newest && (await findAnswer(tx, newest));
  run.attempt += 1;
  const sessionKey = answer ? newest.sessionKey : sessionKeyOf(run);
  const prompt = answer
    ? {
        text: `This is the answer to your question:\n\n${answer}`,
        systemPrompt: newest.systemPrompt,
        isCut: false,
      }
    : await renderTaskPrompt(tx, agent, run);
  const attempt = tx.em.create(RunAttempt, {
    runId: run.id,
    number: run.attempt,
    sessionKey,
    target: agent.target,
    requestBody: renderRequest({ agent, run, sessionKey, prompt: prompt.text }),
    isPromptCut: prompt.isCut,
    systemPrompt: prompt.systemPrompt ?? null,
    startedAt: now,
  });
  await noteActivity(tx, run, 'ATTEMPT', `Attempt ${run.attempt} by ${agent.name}`);
  return attempt;
}

async function findAnswer(tx: Transaction, { runId, number }: RunAttempt): Promise<string | null> {
  const question = await tx.em.findOne(RunQuestion, { runId, attempt: number, answer: { $ne: null } });
  return question?.answer ?? null;
}

async function renderTaskPrompt(tx: Transaction, agent: Agent, run: AgentRun) {
  const task = await tx.em.findOneOrFail(KnownTask, { id: run.taskId });
  const project = await tx.em.findOne(KnownProject, { id: run.projectId });
  const newest = await tx.em.find(
    KnownComment,
    { taskId: run.taskId },
    { orderBy: { saidAt: 'desc', id: 'desc' }, limit: COMMENTS_IN_PROMPT },
  );
  return renderPrompt({ agent, project, task, comments: newest.reverse(), instruction: run.instruction });
}
