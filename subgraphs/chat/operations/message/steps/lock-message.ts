import { lockOne } from '../../../../../platform/database/lock-order.ts';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { notFound } from '../../../../../platform/input/errors.ts';
import { isUuid } from '../../../../../platform/input/input.ts';
import type { Role } from '../../../../../schema/roles.ts';
import { requireChannelOf } from '../../../access.ts';
import type { Channel } from '../../../entities/channel.ts';
import { Message } from '../../../entities/message.ts';

/**
 * Locks the message that a mutation names in `input.id` until the commit, and returns it with its channel and the
 * actor's role there, read after the lock.
 * Throws NOT_FOUND when the actor is not a member of the project, and FORBIDDEN for a viewer.
 */
export async function lockMessage(
  tx: Transaction,
  id: string,
): Promise<{ message: Message; channel: Channel; role: Role }> {
  const message = isUuid(id) ? await lockOne(tx, Message, { id }) : null;
  if (!message) throw notFound('Message', id, ['input', 'id']);
  return { message, ...(await requireChannelOf(tx, message, 'MEMBER', ['input', 'id'])) };
}
