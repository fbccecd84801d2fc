import type { Viewer } from '../../../platform/identity/statement.ts';

/** What whoever acts on a board is; the names of the GraphQL types. */
export type ActorKind = 'User' | 'Agent';

/** Who does something to a task, and in which run, if in one. */
export interface Cause {
  readonly actorKind: ActorKind;
  readonly actorId: string;
  /** The actor's name now. */
  readonly actorName: string;
  readonly runId: string | null;
}

/** A person does it. */
export const byViewer = ({ id, displayName }: Viewer): Cause => ({
  actorKind: 'User',
  actorId: id,
  actorName: displayName,
  runId: null,
});

/** An agent does it, in a run. */
export const byRun = (run: { runId: string; agentId: string; agentName: string }): Cause => ({
  actorKind: 'Agent',
  actorId: run.agentId,
  actorName: run.agentName,
  runId: run.runId,
});
