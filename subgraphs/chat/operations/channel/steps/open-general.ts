import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { Channel, GENERAL, nameKeyOf } from '../../../entities/channel.ts';

/** Creates the channel `general` of a project. Does nothing when the project has it. */
export async function openGeneral({ em, now }: Transaction, projectId: string): Promise<void> {
  await em.upsert(
    Channel,
    { id: uuidv7(), projectId, name: GENERAL, nameKey: nameKeyOf(GENERAL), createdAt: await now() },
    { onConflictFields: ['projectId', 'nameKey'], onConflictAction: 'ignore' },
  );
}
