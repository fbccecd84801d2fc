import { z } from 'zod';
import { findById } from '../../../../platform/database/find.ts';
import { lockExisting } from '../../../../platform/database/lock-order.ts';
import { requireRole } from '../../../../platform/identity/grants.ts';
import { DomainError, notFound } from '../../../../platform/input/errors.ts';
import { nonBlankText } from '../../../../platform/input/input.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { projectScope } from '../../../../schema/scopes.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { RunQuestion } from '../../entities/run-question.ts';
import { noteActivity } from '../run/steps/note-activity.ts';
import { requeueRun } from '../run/steps/requeue-run.ts';
import { stopAtObstacle } from '../run/steps/stop-at-obstacle.ts';

const Input = z.strictObject({ questionId: z.string(), answer: nonBlankText(20_000) });

const FIELD = ['input', 'questionId'];

/**
 * Answers an agent's question. Its run waits for a slot again and then continues in the same conversation.
 *
 * Throws INVALID for an answer that is none of the choices, and INVALID_TRANSITION when the question was answered
 * before, the run has ended, or may not go on any more, which ends it. A repeat of the same answer by the same person changes nothing.
 */
export const answerQuestion = defineOperation(
  'agentRunAnswer',
  Input,
  async (ctx: RequestContext, { questionId, answer }) => {
    const asked = await requireQuestion(ctx, questionId);
    requireChoice(asked, answer);
    const { run, obstacle } = await ctx.transact(async (tx) => {
      const run = await lockExisting(tx, AgentRun, asked.runId);
      const question = await tx.em.findOneOrFail(RunQuestion, { id: questionId });
      const isAnswered = question.answeredBy === ctx.viewer.id && question.answer === answer;
      if (tx.isRepeat || isAnswered) return { run, obstacle: null };
      requireOpen(question, run);
      const obstacle = await stopAtObstacle(tx, run);
      if (obstacle) return { run, obstacle };
      question.answer = answer;
      question.answeredBy = ctx.viewer.id;
      question.answeredAt = await tx.now();
      await noteActivity(tx, run, 'ANSWER', answer);
      await requeueRun(tx, run, 0);
      return { run, obstacle: null };
    });
    if (obstacle)
      throw new DomainError('INVALID_TRANSITION', `The run was canceled: ${obstacle}`, { field: FIELD });
    return run;
  },
);

async function requireQuestion(ctx: RequestContext, id: string): Promise<RunQuestion> {
  const question = await findById(ctx.em, RunQuestion, id);
  // The run behind a question is not named to somebody who may not see it.
  if (!question) throw notFound('Question', id, FIELD);
  const run = await ctx.em.findOneOrFail(AgentRun, { id: question.runId });
  const seen = { kind: 'Question', id, field: FIELD };
  await requireRole(ctx.grants, projectScope(run.projectId), 'MEMBER', seen);
  return question;
}

function requireChoice({ choices }: RunQuestion, answer: string): void {
  if (choices.length === 0 || choices.includes(answer)) return;
  const message = `The answer must be one of: ${choices.join(' | ')}`;
  throw new DomainError('INVALID', message, { field: ['input', 'answer'] });
}

function requireOpen(question: RunQuestion, run: AgentRun): void {
  if (!question.answeredAt && run.state === 'INPUT_REQUIRED') return;
  const message = question.answeredAt ? 'It was answered before' : `The run has ended: it is ${run.state}`;
  throw new DomainError('INVALID_TRANSITION', message, { field: FIELD });
}
