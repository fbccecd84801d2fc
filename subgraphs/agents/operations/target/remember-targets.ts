import type { Transaction } from '../../../../platform/event-log/transaction.ts';

/** Inserts a row for each target of the settings that has none. */
export async function rememberTargets({ em, locks }: Transaction, names: readonly string[]): Promise<void> {
  locks.take('OpenClawTarget');
  for (const name of names)
    await em.execute('insert into agents.openclaw_target (name) values (?) on conflict do nothing', [name]);
}
