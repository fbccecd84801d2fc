import type { Transaction } from '../../../../../platform/event-log/transaction.ts';

/**
 * Keeps runs away from a target for some seconds, because it asked for that. A pause that ends later stays.
 * `problem` is the target's reason.
 */
export async function pauseTarget(
  { em, locks }: Transaction,
  name: string,
  seconds: number,
  problem: string,
): Promise<void> {
  locks.take('OpenClawTarget');
  await em.execute(
    `update agents.openclaw_target
     set paused_until = greatest(paused_until, now() + make_interval(secs => ?)), problem = ? where name = ?`,
    [seconds, problem, name],
  );
}
