import type { EntityManager } from '@mikro-orm/postgresql';
import type { Viewer } from '../../../../platform/identity/statement.ts';

/** Keeps a person's name as the identity provider gives it now, so that others see it. A repeat changes nothing. */
export const rememberUser = (em: EntityManager, { id, displayName, avatarUrl }: Viewer) =>
  em.execute(
    `insert into projects.app_user as known (id, display_name, avatar_url) values (?, ?, ?)
     on conflict (id) do update set display_name = excluded.display_name, avatar_url = excluded.avatar_url
     where (known.display_name, known.avatar_url) is distinct from (excluded.display_name, excluded.avatar_url)`,
    [id, displayName.slice(0, 200), avatarUrl],
  );
