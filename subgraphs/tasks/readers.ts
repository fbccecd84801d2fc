import { follower, on, projection, type Reader } from '../../platform/event-log/readers.ts';
import { RunChanged } from '../../schema/events/agents.ts';
import { ProjectChanged } from '../../schema/events/projects.ts';
import { createBoard } from './operations/board/create-board.ts';
import { followRun } from './operations/run/follow-run.ts';

/** What this subgraph does with the events of other subgraphs. A repeated event changes nothing; the operations say why. */
export const READERS: readonly Reader[] = [
  projection('tasks.boards', [on(ProjectChanged, createBoard)]),
  follower('tasks.runs', [on(RunChanged, (tx, step, { id }) => followRun(tx, step, id))]),
];
