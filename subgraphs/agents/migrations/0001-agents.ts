import { Migration } from '@mikro-orm/migrations';

/** Agents, their runs, what this room has heard of tasks, and the callbacks that came in. */
export class Migration0001Agents extends Migration {
  override up(): void {
    this.addSql('create schema if not exists agents');
    this.addSql(`create table agents.agent (
      id uuid primary key,
      name varchar(100) not null,
      slug varchar(50) not null constraint agent_slug_unique unique,
      model varchar(100) not null,
      system_prompt text,
      max_concurrent int not null check (max_concurrent >= 1),
      is_enabled boolean not null,
      avatar_url varchar(2000),
      owner_id uuid not null,
      version int not null default 1,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null)`);
    this.addSql(`create table agents.agent_project (
      agent_id uuid not null references agents.agent,
      project_id uuid not null,
      primary key (agent_id, project_id))`);
    this.addSql(`create table agents.agent_run (
      id uuid primary key,
      agent_id uuid not null references agents.agent,
      task_id uuid not null,
      project_id uuid not null,
      state text not null check (state in
        ('QUEUED', 'DISPATCHING', 'RUNNING', 'CANCELING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED')),
      slot int,
      attempt int not null,
      instruction text not null,
      timeout_seconds int not null,
      requested_by uuid not null,
      session_key text constraint agent_run_session_key_unique unique,
      request_body text,
      lease_until timestamptz(3),
      hand_over_failures int not null,
      next_hand_over_at timestamptz(3) not null,
      deadline_at timestamptz(3),
      answer text,
      is_answer_truncated boolean not null,
      failure_code text,
      failure_message text,
      input_tokens int,
      output_tokens int,
      usage_model text,
      queued_at timestamptz(3) not null,
      started_at timestamptz(3),
      checked_at timestamptz(3),
      ended_at timestamptz(3),
      constraint slot_is_held check ((slot is not null) = (state in ('DISPATCHING', 'RUNNING', 'CANCELING'))),
      constraint deadline_is_set check (slot is null or deadline_at is not null))`);
    // These two make it impossible to take a slot twice, or a task, whatever the code does.
    this.addSql(
      'create unique index agent_run_slot on agents.agent_run (agent_id, slot) where slot is not null',
    );
    this.addSql(`create unique index agent_run_task_unfinished on agents.agent_run (task_id)
      where state in ('QUEUED', 'DISPATCHING', 'RUNNING', 'CANCELING')`);
    this.addSql(`create index agent_run_waiting on agents.agent_run (agent_id, queued_at, id)
      where state = 'QUEUED'`);
    this.addSql('create index agent_run_deadline on agents.agent_run (deadline_at) where slot is not null');
    this.addSql('create index agent_run_of_task on agents.agent_run (task_id, queued_at, id)');
    this.addSql(`create table agents.known_task (
      id uuid primary key,
      project_id uuid not null,
      ref text not null,
      title text not null,
      description text,
      is_removed boolean not null)`);
    this.addSql(`create table agents.callback (
      message_id text primary key,
      run_id uuid not null references agents.agent_run,
      outcome text not null check (outcome in ('applied', 'late')),
      received_at timestamptz(3) not null default now())`);
  }

  override down(): void {
    this.addSql(
      'drop table agents.callback, agents.known_task, agents.agent_run, agents.agent_project, agents.agent',
    );
  }
}
