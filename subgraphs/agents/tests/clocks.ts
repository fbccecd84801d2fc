import type { EntityManager } from '@mikro-orm/postgresql';

/** The times of a run, by table. */
const CLOCKS: readonly { table: string; key: string; columns: readonly string[] }[] = [
  { table: 'run_attempt', key: 'run_id', columns: ['started_at', 'doubt_until'] },
  { table: 'run_question', key: 'run_id', columns: ['asked_at', 'expires_at'] },
  {
    table: 'agent_run',
    key: 'id',
    columns: [
      ...['deadline_at', 'lease_until', 'started_at', 'checked_at', 'queued_at', 'next_hand_over_at'],
      ...['heard_at', 'queue_expires_at', 'abort_at'],
    ],
  },
];

/** Makes all times of a run earlier, in one transaction: a loop that looks in between must not see a part of it. */
export async function ageRun(
  em: EntityManager,
  runId: string,
  seconds: number,
  tables: readonly string[] = CLOCKS.map(({ table }) => table),
): Promise<void> {
  await em.transactional(async (tx) => {
    for (const { table, key, columns } of CLOCKS.filter((clock) => tables.includes(clock.table))) {
      const earlier = columns.map((column) => `${column} = ${column} - make_interval(secs => ${seconds})`);
      await tx.execute(`update agents.${table} set ${earlier.join(', ')} where ${key} = ?`, [runId]);
    }
  });
}
