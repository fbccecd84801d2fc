import { LockMode } from '@mikro-orm/core';
import type { z } from 'zod';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import {
  EVENT_ANSWER_CHARACTERS_MAX,
  type RunChanged,
  type RunState,
} from '../../../../schema/events/agents.ts';
import { BoardColumn, type ColumnCategory } from '../../entities/board-column.ts';
import { byRun } from '../../entities/cause.ts';
import { Task } from '../../entities/task.ts';
import { insertComment } from '../comment/steps/insert-comment.ts';
import { applyTaskChanges } from '../task/steps/apply-task-changes.ts';
import { endOf, lockFirstColumn } from '../task/steps/place-task.ts';

type RunStep = z.infer<typeof RunChanged.payload>;

/** What a step of a run does to its task. */
interface Effect {
  /** The agent becomes the task's delegate. */
  delegates?: true;
  /** Where the task goes, if it stands in one of these categories. */
  moves?: { from: readonly ColumnCategory[]; to: ColumnCategory };
  /** What the agent says about the task. */
  says?: (step: RunStep) => string;
}

/** A state that is not named changes nothing. No run moves a task to DONE: that is for people. */
const EFFECTS: Partial<Record<RunState, Effect>> = {
  DISPATCHING: { delegates: true },
  RUNNING: { delegates: true, moves: { from: ['BACKLOG', 'TODO'], to: 'IN_PROGRESS' } },
  INPUT_REQUIRED: { says: ({ question }) => question ?? 'The run needs an answer to go on.' },
  SUCCEEDED: {
    moves: { from: ['BACKLOG', 'TODO', 'IN_PROGRESS', 'BLOCKED'], to: 'IN_REVIEW' },
    says: ({ answer }) => outcome(answer ?? ''),
  },
  FAILED: { says: because('The run failed') },
  TIMED_OUT: { says: because('The run did not end in time') },
  CANCELED: { says: because('The run was canceled') },
  EXPIRED: { says: because('The run waited too long') },
};

/**
 * Shows on the board what became of a run: who works on the task, where it stands, what came of it.
 *
 * Every step has one event. Its id is written down with the effect, so a repeat of it does nothing, even after
 * somebody moved the task back. The run and the kind of step would not do: a run may ask more than one question.
 * A task that is archived is only commented on.
 */
export async function followRun(tx: Transaction, step: RunStep, eventId: string): Promise<void> {
  const effect = EFFECTS[step.state];
  if (!effect || !(await isFirstTime(tx, eventId))) return;
  const task = await tx.em.findOne(Task, { id: step.taskId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!task) return;
  const cause = byRun(step);
  if (effect.says) await insertComment(tx, task, cause, effect.says(step));
  if (task.archivedAt) return;
  const place = effect.moves && (await placeFor(tx, task, effect.moves));
  const delegateId = effect.delegates && step.agentId;
  await applyTaskChanges(tx, task, { ...place, delegateId }, cause);
}

async function isFirstTime({ em }: Transaction, eventId: string): Promise<boolean> {
  const written = await em.execute(
    'insert into tasks.followed_step (event_id) values (?) on conflict do nothing returning event_id',
    [eventId],
  );
  return written.length > 0;
}

/** The end of the column to which a task moves; undefined when it stays. */
async function placeFor(tx: Transaction, task: Task, { from, to }: NonNullable<Effect['moves']>) {
  const { category } = await tx.em.findOneOrFail(BoardColumn, { id: task.columnId });
  if (!from.includes(category)) return undefined;
  const column = await lockFirstColumn(tx, task.projectId, to);
  return column ? endOf(tx, column.id, task.id) : undefined;
}

/** An answer as a comment. One that fills the event was most likely cut to fit into it. */
function outcome(answer: string): string {
  if (answer.trim() === '') return 'The run finished without an answer.';
  if (answer.length < EVENT_ANSWER_CHARACTERS_MAX) return answer;
  return `${answer}\n\n_The comment ends here; the whole answer is at the run._`;
}

function because(what: string) {
  return ({ failureMessage }: RunStep) => (failureMessage ? `${what}: ${failureMessage}` : `${what}.`);
}
