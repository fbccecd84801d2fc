import { on, type Reaction } from '../../platform/event-log/consumer.ts';
import { RunChanged } from '../../schema/events/agents.ts';
import { ProjectChanged } from '../../schema/events/projects.ts';
import { createBoard } from './operations/board/create-board.ts';
import { followRun } from './operations/run/follow-run.ts';

/** Each is safe to hear twice; its operation says why. */
export const consumers: readonly Reaction[] = [
  on(ProjectChanged, (tx, project) => createBoard(tx, project)),
  on(RunChanged, (tx, step, { id }) => followRun(tx, step, id)),
];
