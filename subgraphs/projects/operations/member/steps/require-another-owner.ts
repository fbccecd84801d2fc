import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../../platform/input/errors.ts';
import { Member } from '../../../entities/member.ts';

/** Throws INVALID_TRANSITION when an owner is the last one of the project. The project's row must be locked. */
export async function requireAnotherOwner(tx: Transaction, { scope, userId }: Member): Promise<void> {
  const others = await tx.em.count(Member, { scope, role: 'OWNER', userId: { $ne: userId } });
  if (others > 0) return;
  throw new DomainError(
    'INVALID_TRANSITION',
    'A project keeps at least one owner; make somebody else owner first',
    { field: ['input', 'userId'] },
  );
}
