import { Migration } from '@mikro-orm/migrations';

/** Hands the positions of the reader `chat` to the readers that replace it. */
export class Migration0002NamedReaders extends Migration {
  override up(): void {
    this.addSql(`insert into log.reader (name)
      select name from (values ('chat.channels'), ('chat.departures')) as successor (name)
      where exists (select from log.reader_position where reader = 'chat')`);
    this.addSql(`insert into log.reader_position (reader, stream, seq)
      select name, stream, seq
      from (values ('chat.channels'), ('chat.departures')) as successor (name)
      cross join log.reader_position where reader = 'chat'`);
    this.addSql(`delete from log.reader_position where reader = 'chat'`);
  }

  /** The one reader stands where both were. It may read an event again, which changes nothing. */
  override down(): void {
    this.addSql(`insert into log.reader_position (reader, stream, seq)
      select 'chat', stream, min(seq) from log.reader_position
      where reader in ('chat.channels', 'chat.departures') group by stream having count(*) = 2`);
    this.addSql(`delete from log.reader_position where reader in ('chat.channels', 'chat.departures')`);
    this.addSql(`delete from log.reader where name in ('chat.channels', 'chat.departures')`);
  }
}
