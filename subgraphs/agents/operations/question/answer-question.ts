import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { databaseTime } from '../../../../platform/database/database.ts';
import { DomainError, notFound } from '../../../../platform/input/errors.ts';
import { isUuid, nonBlankText, parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireRun } from '../../access.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { RunQuestion } from '../../entities/run-question.ts';
import { noteActivity } from '../run/steps/note-activity.ts';
import { requeueRun } from '../run/steps/requeue-run.ts';

const Input = z.object({ questionId: z.string(), answer: nonBlankText(20_000) });

/**
 * Answers an agent's question. Its run waits for a slot again and then goes on in the same conversation.
 *
 * Throws INVALID for an answer that is none of the choices, INVALID_TRANSITION when somebody answered before or the
 * run has ended. A repeat of the same answer by the same person changes nothing.
 */
export async function answerQuestion(ctx: RequestContext, rawInput: unknown): Promise<AgentRun> {
  const { questionId, answer } = parseInput(Input, rawInput);
  const field = ['input', 'questionId'];
  const asked = isUuid(questionId) ? await ctx.em.findOne(RunQuestion, { id: questionId }) : null;
  if (!asked) throw notFound('Question', questionId, field);
  await requireRun(ctx, asked.runId, 'MEMBER', field);
  if (asked.choices.length > 0 && !asked.choices.includes(answer)) {
    const message = `The answer must be one of: ${asked.choices.join(' | ')}`;
    throw new DomainError('INVALID', message, { field: ['input', 'answer'] });
  }
  return ctx.transact(async (tx) => {
    const lock = { lockMode: LockMode.PESSIMISTIC_WRITE } as const;
    const run = await tx.em.findOneOrFail(AgentRun, { id: asked.runId }, lock);
    const question = await tx.em.findOneOrFail(RunQuestion, { id: questionId });
    if (question.answeredBy === ctx.viewer.id && question.answer === answer) return run;
    if (question.answeredAt || run.state !== 'INPUT_REQUIRED') {
      const message = question.answeredAt
        ? 'It was answered before'
        : `The run has ended: it is ${run.state}`;
      throw new DomainError('INVALID_TRANSITION', message, { field });
    }
    const now = await databaseTime(tx.em);
    tx.em.assign(question, { answer, answeredBy: ctx.viewer.id, answeredAt: now });
    await noteActivity(tx, run, 'ANSWER', answer);
    await requeueRun(tx, run, now, 0);
    return run;
  });
}
