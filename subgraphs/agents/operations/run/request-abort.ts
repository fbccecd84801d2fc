import { databaseTime } from '../../../../platform/database/database.ts';
import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { AgentRun } from '../../entities/agent-run.ts';
import { isFinal } from '../../entities/run-states.ts';
import { type Dispatch, readDispatch } from '../attempt/steps/dispatch.ts';

/** OpenClaw is asked again this often, until it has said that it stopped. */
const ABORT_AGAIN_SECONDS = 10;
/** A run that has ended here is not worth asking for ever. */
const ABORTS_MAX = 10;

/** Has OpenClaw told to stop a run, now and whatever happens to this process. */
export async function requestAbort(tx: Transaction, run: AgentRun): Promise<void> {
  if (run.attempt === 0) return;
  run.abortAt = await databaseTime(tx.em);
  run.abortsSent = 0;
}

/** Takes the next run that OpenClaw is to be told to stop; null when there is none. */
export async function takeRunToAbort(tx: Transaction): Promise<Dispatch | null> {
  const [row]: { id: string }[] = await tx.em.execute(
    `update agents.agent_run
     set aborts_sent = aborts_sent + 1, abort_at = now() + make_interval(secs => ?)
     where id = (
       select id from agents.agent_run where abort_at <= now()
       order by abort_at limit 1 for update skip locked)
     returning id`,
    [ABORT_AGAIN_SECONDS],
  );
  return row ? readDispatch(tx, row.id) : null;
}

/** Notes that OpenClaw was told to stop a run. One that has ended here is asked about again only if it was not heard. */
export async function noteAbort(tx: Transaction, runId: string, wasHeard: boolean): Promise<void> {
  const run = await tx.em.findOneOrFail(AgentRun, { id: runId });
  if (isFinal(run.state) && (wasHeard || run.abortsSent >= ABORTS_MAX)) run.abortAt = null;
}
