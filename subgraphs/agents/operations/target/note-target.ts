import type { Transaction } from '../../../../platform/event-log/transaction.ts';
import { publishAgent } from '../agent/steps/publish-agent.ts';

/** Makes sure that a row stands for each OpenClaw of the settings. */
export async function rememberTargets({ em }: Transaction, names: readonly string[]): Promise<void> {
  for (const name of names)
    await em.execute('insert into agents.openclaw_target (name) values (?) on conflict do nothing', [name]);
}

/** Keeps runs from an OpenClaw until `markReachable`. */
export const markUnreachable = (tx: Transaction, name: string, problem: string): Promise<void> =>
  setReachable(tx, name, false, problem);

export const markReachable = (tx: Transaction, name: string): Promise<void> =>
  setReachable(tx, name, true, null);

/** Keeps runs from an OpenClaw for a while: it asked for it. A longer pause that is under way stays. */
export async function pauseTarget(
  { em }: Transaction,
  name: string,
  seconds: number,
  problem: string,
): Promise<void> {
  await em.execute(
    `update agents.openclaw_target
     set paused_until = greatest(paused_until, now() + make_interval(secs => ?)), problem = ? where name = ?`,
    [seconds, problem, name],
  );
}

/** Tells the projects of its agents if it changed: their status did too. */
async function setReachable(
  tx: Transaction,
  name: string,
  isReachable: boolean,
  problem: string | null,
): Promise<void> {
  const changed: unknown[] = await tx.em.execute(
    `update agents.openclaw_target set is_reachable = ?, problem = ? where name = ? and is_reachable <> ?
     returning name`,
    [isReachable, problem, name, isReachable],
  );
  if (changed.length === 0) return;
  const agents: { id: string }[] = await tx.em.execute('select id from agents.agent where target = ?', [
    name,
  ]);
  for (const { id } of agents) await publishAgent(tx, id);
}
