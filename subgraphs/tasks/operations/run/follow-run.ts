import type { z } from 'zod';
import { lockOne } from '../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { type AgentInRun, person } from '../../../../platform/identity/actor.ts';
import { cutText } from '../../../../platform/input/text.ts';
import {
  EVENT_ANSWER_CHARACTERS_MAX,
  type RunChanged,
  type RunState,
} from '../../../../schema/events/agents.ts';
import { projectScope } from '../../../../schema/scopes.ts';
import { BoardColumn, isOpenCategory, type OpenCategory } from '../../entities/board-column.ts';
import { Task } from '../../entities/task.ts';
import { lockFirstColumn } from '../column/steps/lock-column.ts';
import { insertComment } from '../comment/steps/insert-comment.ts';
import { applyTaskChanges } from '../task/steps/apply-task-changes.ts';
import { endOf } from '../task/steps/place-task.ts';

/** A step of a run as its event says it. Events that were logged earlier do not say who asked for the run. */
export type RunStep = z.infer<typeof RunChanged.payload>;

/** The effect of a run's step on its task. */
interface Effect {
  /** The agent becomes the task's delegate. */
  delegates?: true;
  /** The task moves to the first column of `to` if it stands in a column of `from`. */
  moves?: { from: readonly OpenCategory[]; to: OpenCategory };
  /** The comment that the agent writes. */
  says?: (step: RunStep) => string;
}

/** The fields of a task that every step of its run changes. The agents subgraph resolves them. */
const RUN_API_NAMES = ['activeRun'];

/**
 * The effects of steps by the state of the run; other states have none. No effect finishes or reopens a task, which is
 * left to people, so `followRun` does not lock the board.
 */
const EFFECTS: Partial<Record<RunState, Effect>> = {
  DISPATCHING: { delegates: true },
  RUNNING: { delegates: true, moves: { from: ['BACKLOG', 'TODO'], to: 'IN_PROGRESS' } },
  INPUT_REQUIRED: { says: ({ question }) => question ?? 'The run needs an answer to go on.' },
  SUCCEEDED: {
    moves: { from: ['BACKLOG', 'TODO', 'IN_PROGRESS', 'BLOCKED'], to: 'IN_REVIEW' },
    says: ({ answer, possibleQuestion }) => outcome(answer ?? '') + doubt(possibleQuestion),
  },
  FAILED: { says: because('The run failed') },
  TIMED_OUT: { says: because('The run did not end in time') },
  CANCELED: { says: because('The run was canceled') },
  EXPIRED: { says: because('The run waited too long') },
};

/**
 * Shows a step of a run on the board, in the name of the agent: as the task's delegate, its place, and a comment. Every
 * step is an event of the task, because the card shows its run.
 *
 * Every step has one event. The id of the event is stored with the effect, so a repeat changes nothing, even after
 * somebody moved the task back. The id of the run and the state would not be enough: a run may ask several questions.
 * An archived task only gets the comment. A step on an unknown task has no effect.
 */
export async function followRun(tx: Transaction, step: RunStep, eventId: string): Promise<void> {
  if (!(await isFirstTime(tx, eventId))) return;
  const effect = EFFECTS[step.state] ?? {};
  const target = effect.moves && (await lockFirstColumn(tx, step.projectId, effect.moves.to));
  const task = await lockOne(tx, Task, { id: step.taskId });
  if (!task) return;
  const byAgent = tx.actingAs(agentOf(step));
  if (effect.says) await insertComment(byAgent, task, effect.says(step));
  if (task.archivedAt) return;
  const moves = target && (await standsIn(tx, task, effect.moves!.from));
  const changes = {
    ...(effect.delegates && { delegateId: step.agentId }),
    ...(moves && (await endOf(tx, target.id, task.id))),
  };
  await applyTaskChanges(byAgent, task, changes, RUN_API_NAMES);
}

/** The agent of a run. Its rights are not read here: the agents subgraph checked them when the run was started. */
const agentOf = ({ runId, agentId, agentName, projectId, requestedBy }: RunStep): AgentInRun => ({
  kind: 'agent',
  id: agentId,
  displayName: agentName,
  runId,
  scopes: [projectScope(projectId)],
  onBehalfOf: person({ id: requestedBy, displayName: '', avatarUrl: null }),
});

async function isFirstTime({ em, locks }: Transaction, eventId: string): Promise<boolean> {
  locks.take('FollowedStep');
  const written = await em.execute(
    'insert into tasks.followed_step (event_id) values (?) on conflict do nothing returning event_id',
    [eventId],
  );
  return written.length > 0;
}

async function standsIn(
  { em }: Transaction,
  { columnId }: Task,
  categories: readonly OpenCategory[],
): Promise<boolean> {
  const { category } = await em.findOneOrFail(BoardColumn, { id: columnId });
  return isOpenCategory(category) && categories.includes(category);
}

/** An answer as a comment. An answer of the greatest length was most likely cut to fit into the event. */
function outcome(answer: string): string {
  if (answer.trim() === '') return 'The run finished without an answer.';
  if (answer.length < EVENT_ANSWER_CHARACTERS_MAX) return answer;
  return `${answer}\n\n_The comment ends here; the whole answer is at the run._`;
}

/** Tells the reviewer that the agent may have asked something. */
const doubt = (possibleQuestion: string | null | undefined): string =>
  possibleQuestion
    ? `\n\n_This may be a question to you. The run did not wait for an answer:_ ${cutText(possibleQuestion, DOUBT_CHARACTERS_MAX)}`
    : '';
const DOUBT_CHARACTERS_MAX = 500;

function because(what: string) {
  return ({ failureMessage }: RunStep) => (failureMessage ? `${what}: ${failureMessage}` : `${what}.`);
}
