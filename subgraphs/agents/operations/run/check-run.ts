import { LockMode } from '@mikro-orm/core';
import { databaseTime } from '../../../../platform/database/database.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import type { Ending } from '../../entities/ending.ts';
import { RunAttempt } from '../../entities/run-attempt.ts';
import { type Dispatch, readDispatch } from '../attempt/steps/dispatch.ts';
import { endAttempt } from '../attempt/steps/end-attempt.ts';

/** A run that OpenClaw is to be asked about. */
export interface RunToCheck extends Dispatch {
  /** Since OpenClaw last showed that it knows of the run; null when it never did, or has been restarted since. */
  unheardMs: number | null;
  /** Since the attempt was made, which is a moment before it was handed over. */
  attemptAgeMs: number;
}

/**
 * Takes the next run of which nothing has been heard for `everySeconds` since OpenClaw took it, or since it was last
 * asked about; null when there is none. Two processes that do this at once take different runs.
 */
export async function takeRunToCheck(tx: Transaction, everySeconds: number): Promise<RunToCheck | null> {
  const [row]: { id: string; unheard_ms: number | null; attempt_age_ms: number }[] = await tx.em.execute(
    `update agents.agent_run as run set checked_at = now()
     where id = (
       select id from agents.agent_run
       where state in ('RUNNING', 'CANCELING')
         and coalesce(greatest(checked_at, heard_at), '-infinity') < now() - make_interval(secs => ?)
       order by coalesce(greatest(checked_at, heard_at), '-infinity') limit 1 for update skip locked)
     returning id,
       extract(epoch from now() - heard_at)::float8 * 1000 as unheard_ms,
       (select extract(epoch from now() - attempt.started_at)::float8 * 1000 from agents.run_attempt as attempt
        where attempt.run_id = run.id and attempt.number = run.attempt) as attempt_age_ms`,
    [everySeconds],
  );
  if (!row) return null;
  const dispatch = await readDispatch(tx, row.id);
  return { ...dispatch, unheardMs: row.unheard_ms, attemptAgeMs: row.attempt_age_ms };
}

/** Ends an attempt by what was found in OpenClaw, unless it has ended meanwhile. Returns whether it did. */
export async function endFound(tx: Transaction, dispatch: Dispatch, ending: Ending): Promise<boolean> {
  const { runId, attempt: number } = dispatch;
  const run = await tx.em.findOneOrFail(AgentRun, { id: runId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  const attempt = await tx.em.findOneOrFail(RunAttempt, { runId, number });
  return endAttempt(tx, run, attempt, ending);
}

/**
 * Has the runs of an OpenClaw that was restarted asked about at once: those handed over before it was up.
 * Until it shows that it knows of them, nothing is known of them.
 */
export const checkAfterRestart = ({ em }: Transaction, target: string, uptimeMs: number): Promise<unknown> =>
  em.execute(
    `update agents.agent_run as run set checked_at = null, heard_at = null
     from agents.run_attempt as attempt
     where attempt.run_id = run.id and attempt.number = run.attempt and attempt.target = ?
       and run.state in ('RUNNING', 'CANCELING') and run.heard_at is not null
       and attempt.started_at < now() - make_interval(secs => ?)`,
    [target, uptimeMs / 1000],
  );

/** Has a run asked about again after a few seconds: what was found must be found twice. */
export const checkAgainSoon = (
  { em }: Transaction,
  { runId }: Dispatch,
  everySeconds: number,
): Promise<unknown> =>
  em.execute(
    `update agents.agent_run set checked_at = now() - make_interval(secs => ?)
     where id = ? and state in ('RUNNING', 'CANCELING')`,
    [Math.max(0, everySeconds - SECOND_LOOK_SECONDS), runId],
  );

/** OpenClaw goes on with an interrupted session within a few seconds of its start. */
const SECOND_LOOK_SECONDS = 10;

/** Notes that OpenClaw knows of a run that has not ended. */
export async function noteHeard(tx: Transaction, { runId }: Dispatch): Promise<void> {
  const heardAt = await databaseTime(tx.em);
  await tx.em.nativeUpdate(AgentRun, { id: runId, state: { $in: ['RUNNING', 'CANCELING'] } }, { heardAt });
}
