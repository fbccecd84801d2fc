import { Migration } from '@mikro-orm/migrations';

/** The former reader of the event log, and the two that continue where it stopped. */
const FORMER_READER = "'tasks'";
const READERS = "'tasks.boards', 'tasks.runs'";

/**
 * Names the table of boards by what it holds, lets dependencies be listed in the order of the blockers' numbers, and
 * gives each reader of the event log a position of its own. On a new database there are no positions to hand over.
 */
export class Migration0002BoardsAndReaders extends Migration {
  override up(): void {
    this.addSql('alter table tasks.known_project rename to board');
    this.addSql('alter table tasks.board rename constraint known_project_pkey to board_pkey');

    this.addSql('alter table tasks.dependency add column blocker_number int');
    this.addSql(`update tasks.dependency set blocker_number = task.number
      from tasks.task where task.id = dependency.blocked_by_id`);
    this.addSql('alter table tasks.dependency alter column blocker_number set not null');

    // Retention removes the oldest steps.
    this.addSql(
      'alter table tasks.followed_step add column followed_at timestamptz(3) not null default now()',
    );
    this.addSql('create index followed_step_time on tasks.followed_step (followed_at)');

    this.addSql(`insert into log.reader_position (reader, stream, seq)
      select reader.name, former.stream, former.seq
      from log.reader_position as former, unnest(array[${READERS}]) as reader (name)
      where former.reader = ${FORMER_READER}`);
    this.addSql(`insert into log.reader (name)
      select distinct reader from log.reader_position where reader in (${READERS})`);
    this.addSql(`delete from log.reader_position where reader = ${FORMER_READER}`);
  }

  override down(): void {
    // A stream that only one of the two readers knows is read again from its start: a repeated event changes nothing.
    this.addSql(`insert into log.reader_position (reader, stream, seq)
      select ${FORMER_READER}, stream, min(seq) from log.reader_position
      where reader in (${READERS}) group by stream having count(*) = 2`);
    this.addSql(`delete from log.reader_position where reader in (${READERS})`);
    this.addSql(`delete from log.reader where name in (${READERS})`);

    this.addSql('alter table tasks.followed_step drop column followed_at');
    this.addSql('alter table tasks.dependency drop column blocker_number');

    this.addSql('alter table tasks.board rename constraint board_pkey to known_project_pkey');
    this.addSql('alter table tasks.board rename to known_project');
  }
}
