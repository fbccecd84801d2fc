import type { EntityManager } from '@mikro-orm/postgresql';
import { asArray } from '../../../platform/database/sql.ts';
import { encodeCursor } from '../../../platform/event-log/cursor.ts';
import { RunChanged } from '../../../schema/events/agents.ts';
import { projectStream } from '../../../schema/events/event.ts';
import type { AgentRun } from '../entities/agent-run.ts';

/**
 * Reads the positions just before the first events of runs, in the order of the runs. A subscription that begins there
 * shows every change of the run, or a StreamReset when the log no longer holds its first event.
 */
export async function readCursors(
  em: EntityManager,
  runs: readonly Pick<AgentRun, 'id' | 'projectId'>[],
): Promise<string[]> {
  const streams = runs.map(({ projectId }) => projectStream(projectId));
  const rows: { subject: string; first: number }[] = await em.execute(
    `select subject, min(seq)::float8 as first from log.event
     where stream = any(?) and subject = any(?) and type = ?
       and payload ->> 'state' = 'QUEUED' and payload ->> 'attempt' = '0'
     group by subject`,
    [asArray(streams), asArray(runs.map(({ id }) => id)), RunChanged.type],
  );
  const firstByRun = new Map(rows.map(({ subject, first }) => [subject, first]));
  return runs.map(({ id }, index) => encodeCursor(streams[index]!, (firstByRun.get(id) ?? 1) - 1));
}
