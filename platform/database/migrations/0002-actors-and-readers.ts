import { Migration } from '@mikro-orm/migrations';

/** Events name their actor by kind and ids; the log knows its readers by name from their first start. */
export class Migration0002ActorsAndReaders extends Migration {
  override up(): void {
    this.addSql(`alter table log.event alter column actor type jsonb using case
      when actor ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then jsonb_build_object('kind', 'person', 'id', actor)
      else jsonb_build_object('kind', 'system', 'part', actor) end`);
    this.addSql(`create table log.reader (
      name text primary key,
      started_at timestamptz(3) not null default now())`);
    this.addSql('alter table log.consumer rename to reader_position');
    this.addSql('alter table log.reader_position rename column name to reader');
    this.addSql('alter table log.idempotency rename column operation to verb');
  }

  /** Before, no event could name an agent: what an agent did becomes what its person did. */
  override down(): void {
    this.addSql('alter table log.idempotency rename column verb to operation');
    this.addSql('alter table log.reader_position rename column reader to name');
    this.addSql('alter table log.reader_position rename to consumer');
    this.addSql('drop table log.reader');
    this.addSql(`alter table log.event alter column actor type text
      using coalesce(actor ->> 'personId', actor ->> 'id', actor ->> 'part')`);
  }
}
