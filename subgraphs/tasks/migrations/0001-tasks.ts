import { Migration } from '@mikro-orm/migrations';

/** Boards with their columns and tasks, comments, histories, and the steps of runs whose effects are on the board. */
export class Migration0001Tasks extends Migration {
  override up(): void {
    this.addSql('create schema if not exists tasks');
    this.addSql(`create table tasks.known_project (
      id uuid primary key,
      key varchar(10) not null,
      last_number int not null default 0)`);
    // Ranks sort byte by byte in JavaScript, so they must in every database, whatever its language.
    this.addSql(`create table tasks.board_column (
      id uuid primary key,
      project_id uuid not null references tasks.known_project,
      name varchar(100) not null,
      category text not null check (category in
        ('BACKLOG', 'TODO', 'IN_PROGRESS', 'IN_REVIEW', 'DONE', 'BLOCKED', 'CANCELED')),
      rank text collate "C" not null,
      wip_limit int check (wip_limit >= 1),
      constraint board_column_rank_unique unique (project_id, rank))`);
    this.addSql(`create table tasks.task (
      id uuid primary key,
      project_id uuid not null references tasks.known_project,
      number int not null,
      ref varchar(21) not null constraint task_ref_unique unique,
      column_id uuid not null references tasks.board_column,
      rank text collate "C" not null,
      title varchar(200) not null,
      description text,
      checklist jsonb not null,
      priority text not null check (priority in ('NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT')),
      assignee_id uuid,
      delegate_id uuid,
      reporter_id uuid not null,
      parent_id uuid references tasks.task,
      archived_at timestamptz(3),
      version int not null default 1,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      constraint task_number_unique unique (project_id, number))`);
    // Two tasks in one place are impossible, whatever the code does. The board is read along this index.
    this.addSql(`create unique index task_rank_unique on tasks.task (column_id, rank)
      where archived_at is null`);
    this.addSql('create index task_of_parent on tasks.task (parent_id, number) where parent_id is not null');
    this.addSql(`create table tasks.dependency (
      task_id uuid not null references tasks.task,
      blocked_by_id uuid not null references tasks.task check (blocked_by_id <> task_id),
      primary key (task_id, blocked_by_id))`);
    this.addSql('create index dependency_blocker on tasks.dependency (blocked_by_id)');
    this.addSql(`create table tasks.task_change (
      id uuid primary key,
      task_id uuid not null references tasks.task,
      field text not null,
      from_value text,
      to_value text,
      actor_kind text not null check (actor_kind in ('User', 'Agent')),
      actor_id uuid not null,
      run_id uuid,
      created_at timestamptz(3) not null)`);
    this.addSql('create index task_change_of_task on tasks.task_change (task_id, created_at, id)');
    this.addSql(`create table tasks.comment (
      id uuid primary key,
      task_id uuid not null references tasks.task,
      author_kind text not null check (author_kind in ('User', 'Agent')),
      author_id uuid not null,
      body text not null,
      run_id uuid,
      created_at timestamptz(3) not null)`);
    this.addSql('create index comment_of_task on tasks.comment (task_id, created_at, id)');
    this.addSql('create table tasks.followed_step (event_id uuid primary key)');
  }

  override down(): void {
    this.addSql(`drop table tasks.followed_step, tasks.comment, tasks.task_change, tasks.dependency,
      tasks.task, tasks.board_column, tasks.known_project`);
  }
}
