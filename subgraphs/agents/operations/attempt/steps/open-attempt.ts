import { databaseTime } from '../../../../../platform/database/database.ts';
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
 * The attempt to hand over now: the newest one if OpenClaw has not taken it yet, with the same bytes; else a new one.
 * After an answered question the new one goes on in the same session. The caller holds the run's lock.
 */
export async function openAttempt(tx: Transaction, agent: Agent, run: AgentRun): Promise<RunAttempt> {
  const newest = await tx.em.findOne(RunAttempt, { runId: run.id, number: run.attempt });
  const now = await databaseTime(tx.em);
  if (newest && !newest.endedAt) {
    if (newest.target === agent.target) return newest;
    newest.endedAt = now; // it was never taken, and its OpenClaw is not the agent's any more
  }
  const answered = newest && (await findAnswer(tx, newest));
  run.attempt += 1;
  const session = answered ? { sessionKey: newest.sessionKey } : { sessionKey: sessionKeyOf(run) };
  const prompt = answered
    ? { text: `This is the answer to your question:\n\n${answered}`, isCut: false }
    : await renderWhole(tx, agent, run);
  const attempt = tx.em.create(RunAttempt, {
    runId: run.id,
    number: run.attempt,
    ...session,
    target: agent.target,
    requestBody: renderRequest({ ...session, agent, run, prompt: prompt.text }),
    isPromptCut: prompt.isCut,
    startedAt: now,
  });
  await noteActivity(tx, run, 'ATTEMPT', `Attempt ${run.attempt} by ${agent.name}`);
  return attempt;
}

async function findAnswer(tx: Transaction, { runId, number }: RunAttempt): Promise<string | null> {
  const question = await tx.em.findOne(RunQuestion, { runId, attempt: number, answer: { $ne: null } });
  return question?.answer ?? null;
}

async function renderWhole(tx: Transaction, agent: Agent, run: AgentRun) {
  const task = await tx.em.findOneOrFail(KnownTask, { id: run.taskId });
  const project = await tx.em.findOne(KnownProject, { id: run.projectId });
  const newest = await tx.em.find(
    KnownComment,
    { taskId: run.taskId },
    { orderBy: { saidAt: 'desc', id: 'desc' }, limit: COMMENTS_IN_PROMPT },
  );
  return renderPrompt({ agent, project, task, comments: newest.reverse(), instruction: run.instruction });
}
