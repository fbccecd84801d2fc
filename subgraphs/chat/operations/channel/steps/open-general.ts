import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { nameKey } from '../../../../../platform/input/clean-text.ts';
import { Channel, GENERAL } from '../../../entities/channel.ts';

/** Creates the channel `general` of a project. Does nothing when the project has it. */
export async function openGeneral({ em, now }: Transaction, projectId: string): Promise<void> {
  await em.upsert(
    Channel,
    { id: uuidv7(), projectId, name: GENERAL, nameKey: nameKey(GENERAL), createdAt: await now() },
    { onConflictFields: ['projectId', 'nameKey'], onConflictAction: 'ignore' },
  );
}
