import { LockMode } from '@mikro-orm/core';
import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import { DomainError } from '../../../../../platform/input/errors.ts';
import { Member } from '../../../entities/member.ts';

/**
 * Throws INVALID_TRANSITION when a person is a project's last owner.
 * The owners stay locked until the commit, so that two owners cannot take each other out at once.
 */
export async function requireAnotherOwner(tx: Transaction, scope: string, userId: string): Promise<void> {
  const owners = await tx.em.find(
    Member,
    { scope, role: 'OWNER' },
    { orderBy: { userId: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  if (owners.length === 1 && owners[0]?.userId === userId) {
    throw new DomainError(
      'INVALID_TRANSITION',
      'A project keeps at least one owner; make somebody else owner first',
      {
        field: ['input', 'userId'],
      },
    );
  }
}
