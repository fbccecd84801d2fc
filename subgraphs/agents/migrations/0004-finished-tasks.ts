import { Migration } from '@mikro-orm/migrations';

/** No run starts on a finished task. Which tasks are finished is read from the last event of each. */
export class Migration0004FinishedTasks extends Migration {
  override up(): void {
    this.addSql('alter table agents.known_task add column is_finished boolean not null default false');
    this.addSql('alter table agents.known_task alter column is_finished drop default');
    this.addSql(`update agents.known_task as task set is_finished = true
      from (
        select distinct on (subject) subject, payload->>'category' as category from log.event
        where type = 'tasks.task-changed.v1' order by subject, seq desc
      ) as newest
      where newest.subject = task.id and newest.category in ('DONE', 'CANCELED')`);
  }

  override down(): void {
    this.addSql('alter table agents.known_task drop column is_finished');
  }
}
