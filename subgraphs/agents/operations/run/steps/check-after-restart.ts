import type { Transaction } from '../../../../../platform/event-log/transaction.ts';

/**
 * Makes the reconciler ask at once about the runs that a target got before it was restarted. Until it shows that it
 * knows them, they count as unheard.
 */
export async function checkAfterRestart(
  { em, locks }: Transaction,
  target: string,
  uptimeMs: number,
): Promise<void> {
  locks.take('AgentRun');
  await em.execute(
    `update agents.agent_run set checked_at = null, heard_at = null
     where id in (
       select run.id from agents.agent_run as run
       join agents.run_attempt as attempt on attempt.run_id = run.id and attempt.number = run.attempt
       where attempt.target = ? and attempt.started_at < now() - make_interval(secs => ?)
         and run.state in ('RUNNING', 'CANCELING') and run.heard_at is not null
       order by run.id for update of run)`,
    [target, uptimeMs / 1000],
  );
}
