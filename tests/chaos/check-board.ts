import { RunChanged } from '../../schema/events/agents.ts';
import { isFinal } from '../../subgraphs/agents/entities/run-states.ts';
import type { History, RunRow } from './history.ts';

/** A comment contains at most this many characters of an answer. */
const ANSWER_CHARACTERS = 1_000;

/** I6. The scenario moves no task, so only runs change the column of a task. */
export function checkBoard(history: History): string[] {
  const tasks = new Map(history.tasks.map((task) => [task.id, task]));
  const byTask = Map.groupBy(history.runs, ({ taskId }) => taskId);
  const violations = [...byTask].flatMap(([taskId, runs]) => {
    const last = runs.toSorted((a, b) => a.queuedAt - b.queuedAt).at(-1);
    const category = tasks.get(taskId)?.category;
    if (last?.state !== 'SUCCEEDED' || category === 'IN_REVIEW') return [];
    return [`task ${taskId} is in ${category} although its last run ${last.id} has succeeded`];
  });
  return [...violations, ...checkComments(history)];
}

/** Checks that a run has one comment for each of its questions and one for its end. */
function checkComments({ events, runs, comments }: History): string[] {
  const byRun = Map.groupBy(comments, ({ runId }) => runId);
  const questions = Map.groupBy(
    events.filter(({ type, payload }) => type === RunChanged.type && payload['state'] === 'INPUT_REQUIRED'),
    ({ subject }) => subject,
  );
  return runs.flatMap((run) => {
    const own = byRun.get(run.id) ?? [];
    const expected = (questions.get(run.id)?.length ?? 0) + (isFinal(run.state) ? 1 : 0);
    if (own.length !== expected)
      return [`run ${run.id} in state ${run.state} has ${own.length} comments instead of ${expected}`];
    if (own.some(({ taskId }) => taskId !== run.taskId))
      return [`run ${run.id} has a comment on another task`];
    return hasAnswerComment(run, own) ? [] : [`no comment of run ${run.id} contains its answer`];
  });
}

function hasAnswerComment({ state, answer }: RunRow, comments: readonly { body: string }[]): boolean {
  if (state !== 'SUCCEEDED' || !answer) return true;
  return comments.some(({ body }) => body.startsWith(answer.slice(0, ANSWER_CHARACTERS)));
}
