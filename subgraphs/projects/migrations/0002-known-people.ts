import { Migration } from '@mikro-orm/migrations';

/** Publishes `UserChanged` for the people who signed in before the event existed. This subgraph reads the log no more. */
export class Migration0002KnownPeople extends Migration {
  override up(): void {
    this.addSql(`with stream as (
        insert into log.stream (stream, last_seq)
        select 'user:' || id, 1 from projects.app_user
        on conflict do nothing
        returning stream
      )
      insert into log.event (stream, seq, id, type, subject, actor, payload)
      select stream.stream, 1, gen_random_uuid(), 'projects.user-changed.v1', person.id,
        '{"kind": "system", "part": "projects.migration"}',
        jsonb_build_object('userId', person.id, 'displayName', display_name, 'avatarUrl', avatar_url)
      from projects.app_user as person join stream on stream.stream = 'user:' || person.id`);
    this.addSql(`delete from log.reader_position where reader = 'projects'`);
  }

  /** The events stay: they are true, and `up` does not publish them again. */
  override down(): void {}
}
