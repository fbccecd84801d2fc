import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { cutText } from '../../../../../platform/input/text.ts';
import type { AgentRun } from '../../../entities/agent-run.ts';
import type { RunActivityKind } from '../../../entities/run-activity.ts';

/** Whole answers and questions are at the run; here they only tell what happened. */
const TEXT_CHARACTERS_MAX = 2_000;

/** Notes what happened in a run, as the next of its activities. The caller holds the run's lock. */
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
