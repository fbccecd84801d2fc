import { RunChanged } from '../../schema/events/agents.ts';
import { isFinal } from '../../subgraphs/agents/entities/run-states.ts';
import type { History, RunRow } from './history.ts';

/** Beyond this a comment shows only the beginning of an answer. */
const ANSWER_CHARACTERS = 1_000;

/** I6. The storm moves no task by hand, so where one stands is its runs' doing alone. */
export function checkBoard(history: History): string[] {
  const tasks = new Map(history.tasks.map((task) => [task.id, task]));
  const byTask = Map.groupBy(history.runs, ({ taskId }) => taskId);
  const violations = [...byTask].flatMap(([taskId, runs]) => {
    const last = runs.toSorted((a, b) => a.queuedAt - b.queuedAt).at(-1);
    const category = tasks.get(taskId)?.category;
    if (last?.state !== 'SUCCEEDED' || category === 'IN_REVIEW') return [];
    return [`task ${taskId} is in ${category}, its last run ${last.id} has succeeded`];
  });
  return [...violations, ...checkComments(history)];
}

/** One comment for each question of a run, and one for its end. */
function checkComments({ events, runs, comments }: History): string[] {
  const byRun = Map.groupBy(comments, ({ runId }) => runId);
  const questions = Map.groupBy(
    events.filter(({ type, payload }) => type === RunChanged.type && payload['state'] === 'INPUT_REQUIRED'),
    ({ subject }) => subject,
  );
  return runs.flatMap((run) => {
    const said = byRun.get(run.id) ?? [];
    const expected = (questions.get(run.id)?.length ?? 0) + (isFinal(run.state) ? 1 : 0);
    if (said.length !== expected)
      return [`run ${run.id}, which is ${run.state}, has ${said.length} comments instead of ${expected}`];
    if (said.some(({ taskId }) => taskId !== run.taskId)) return [`run ${run.id} comments on another task`];
    return isAnswerSaid(run, said) ? [] : [`no comment of run ${run.id} holds its answer`];
  });
}

function isAnswerSaid({ state, answer }: RunRow, said: readonly { body: string }[]): boolean {
  if (state !== 'SUCCEEDED' || !answer) return true;
  return said.some(({ body }) => body.startsWith(answer.slice(0, ANSWER_CHARACTERS)));
}
