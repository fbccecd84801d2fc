import type { Transaction } from '../../../../../platform/event-log/transaction.ts';
import type { Person } from '../../../../../platform/identity/actor.ts';
import { UserChanged, userStream } from '../../../../../schema/events/projects.ts';
import { profileOf } from '../../../entities/user.ts';

/**
 * Keeps a person's name and picture as the identity provider gives them now, and publishes them when they are new or
 * changed. Two concurrent calls with the same values publish once.
 */
export async function rememberUser(tx: Transaction, person: Person): Promise<void> {
  const { displayName, avatarUrl } = profileOf(person);
  tx.locks.take('User');
  const [changed] = await tx.em.execute(
    `insert into projects.app_user as known (id, display_name, avatar_url) values (?, ?, ?)
     on conflict (id) do update set display_name = excluded.display_name, avatar_url = excluded.avatar_url
     where (known.display_name, known.avatar_url) is distinct from (excluded.display_name, excluded.avatar_url)
     returning id`,
    [person.id, displayName, avatarUrl],
  );
  if (!changed) return;
  tx.publish(UserChanged, {
    stream: userStream(person.id),
    subject: person.id,
    payload: { userId: person.id, displayName, avatarUrl },
  });
}
