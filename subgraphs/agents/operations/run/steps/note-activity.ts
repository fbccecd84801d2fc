import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { cutText } from '../../../../../platform/input/text.ts';
import type { AgentRun } from '../../../entities/agent-run.ts';
import type { RunActivityKind } from '../../../entities/run-activity.ts';

/** The run keeps whole answers and questions; its activities keep the beginning of them. */
const TEXT_CHARACTERS_MAX = 2_000;

/** Adds the next activity of a run. The caller holds the run's lock. */
export const noteActivity = (
  { em }: Transaction,
  run: Pick<AgentRun, 'id' | 'attempt'>,
  kind: RunActivityKind,
  text: string,
): Promise<unknown> =>
  em.execute(
    `insert into agents.run_activity (run_id, seq, kind, text, attempt)
     select ?, coalesce(max(seq), 0) + 1, ?, ?, ? from agents.run_activity where run_id = ?`,
    [run.id, kind, cutText(text, TEXT_CHARACTERS_MAX), run.attempt, run.id],
  );
