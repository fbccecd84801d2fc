import { Migration } from '@mikro-orm/migrations';

/** Agents, their runs, and projections of projects, tasks and comments. */
export class Migration0001Agents extends Migration {
  override up(): void {
    this.addSql('create schema if not exists agents');
    this.createAgents();
    this.createRuns();
    this.createRunParts();
    this.createProjections();
  }

  private createAgents(): void {
    this.addSql(`create table agents.openclaw_target (
      name varchar(40) primary key,
      is_reachable boolean not null default true,
      paused_until timestamptz(3),
      problem text)`);
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
      tags text[] not null,
      project_ids text[],
      target varchar(40) not null,
      archived_at timestamptz(3),
      version int not null default 1,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null)`);
    this.addSql('create index agent_in_order on agents.agent (name, id)');
    // The projects in which an agent has worked, and when each project had its last turn.
    this.addSql(`create table agents.agent_project (
      agent_id uuid not null references agents.agent,
      project_id uuid not null,
      last_turn_at timestamptz(3),
      primary key (agent_id, project_id))`);
  }

  private createRuns(): void {
    this.addSql(`create table agents.agent_run (
      id uuid primary key,
      agent_id uuid not null references agents.agent,
      task_id uuid not null,
      project_id uuid not null,
      state text not null check (state in ('QUEUED', 'DISPATCHING', 'RUNNING', 'INPUT_REQUIRED', 'CANCELING',
        'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED', 'EXPIRED')),
      slot int,
      attempt int not null,
      instruction text not null,
      timeout_seconds int not null,
      priority int not null,
      ignores_blockers boolean not null,
      requested_by uuid not null,
      retry_of uuid references agents.agent_run,
      started_by_run_id uuid references agents.agent_run,
      chain_depth int not null,
      lease_until timestamptz(3),
      hand_over_failures int not null,
      next_hand_over_at timestamptz(3) not null,
      is_hand_over_unknown boolean not null,
      transient_failures int not null,
      abort_at timestamptz(3),
      aborts_sent int not null,
      queue_expires_at timestamptz(3) not null,
      deadline_at timestamptz(3),
      answer text,
      is_answer_truncated boolean not null,
      failure_code text,
      failure_message text,
      queued_at timestamptz(3) not null,
      started_at timestamptz(3),
      heard_at timestamptz(3),
      checked_at timestamptz(3),
      cancel_requested_at timestamptz(3),
      ended_at timestamptz(3),
      constraint slot_is_held check ((slot is not null) = (state in ('DISPATCHING', 'RUNNING', 'CANCELING'))),
      constraint deadline_is_set check (slot is null or deadline_at is not null))`);
    // These two refuse a second run with a slot, and a second unfinished run on a task, whatever the code does.
    this.addSql(
      'create unique index agent_run_slot on agents.agent_run (agent_id, slot) where slot is not null',
    );
    this.addSql(`create unique index agent_run_task_unfinished on agents.agent_run (task_id)
      where state in ('QUEUED', 'DISPATCHING', 'RUNNING', 'INPUT_REQUIRED', 'CANCELING')`);
    this.addSql(`create index agent_run_waiting on agents.agent_run (agent_id, priority desc, queued_at, id)
      where state = 'QUEUED'`);
    this.addSql(
      `create index agent_run_queue_end on agents.agent_run (queue_expires_at) where state = 'QUEUED'`,
    );
    this.addSql('create index agent_run_deadline on agents.agent_run (deadline_at) where slot is not null');
    this.addSql('create index agent_run_to_abort on agents.agent_run (abort_at) where abort_at is not null');
    this.addSql('create index agent_run_of_task on agents.agent_run (task_id, queued_at, id)');
    this.addSql('create index agent_run_of_agent on agents.agent_run (agent_id, queued_at, id)');
  }

  private createRunParts(): void {
    this.addSql(`create table agents.run_attempt (
      run_id uuid not null references agents.agent_run,
      number int not null,
      session_key text not null,
      target varchar(40) not null,
      request_body text not null,
      is_prompt_cut boolean not null,
      started_at timestamptz(3) not null,
      ended_at timestamptz(3),
      failure_code text,
      failure_message text,
      usage jsonb,
      doubt_until timestamptz(3),
      doubted_message text,
      primary key (run_id, number))`);
    this.addSql('create index run_attempt_session on agents.run_attempt (session_key, number)');
    this.addSql(`create index run_attempt_doubt on agents.run_attempt (doubt_until)
      where doubt_until is not null`);
    this.addSql(`create table agents.run_question (
      id uuid primary key,
      run_id uuid not null references agents.agent_run,
      attempt int not null,
      body text not null,
      choices jsonb not null,
      asked_at timestamptz(3) not null,
      expires_at timestamptz(3) not null,
      answer text,
      answered_by uuid,
      answered_at timestamptz(3))`);
    this.addSql('create index run_question_of_run on agents.run_question (run_id, asked_at)');
    this.addSql(
      `create index run_question_open on agents.run_question (expires_at) where answered_at is null`,
    );
    this.addSql(`create table agents.run_activity (
      run_id uuid not null references agents.agent_run,
      seq int not null,
      kind text not null,
      text text not null,
      attempt int not null,
      occurred_at timestamptz(3) not null default now(),
      primary key (run_id, seq))`);
    // The reports that were received: a repeat of the message, or of OpenClaw's run, changes nothing.
    this.addSql(`create table agents.callback (
      message_id text primary key,
      run_id uuid not null references agents.agent_run,
      openclaw_run_id text,
      outcome text not null check (outcome in ('applied', 'late')),
      received_at timestamptz(3) not null default now())`);
    this.addSql('create unique index callback_of_openclaw_run on agents.callback (run_id, openclaw_run_id)');
  }

  private createProjections(): void {
    this.addSql(`create table agents.known_project (
      id uuid primary key,
      name text not null,
      description text)`);
    this.addSql(`create table agents.known_task (
      id uuid primary key,
      project_id uuid not null,
      ref text not null,
      title text not null,
      description text,
      checklist jsonb not null,
      open_blocker_refs jsonb not null,
      is_removed boolean not null)`);
    this.addSql(`create table agents.known_comment (
      id uuid primary key,
      task_id uuid not null,
      author_name text not null,
      body text not null,
      said_at timestamptz(3) not null)`);
    this.addSql('create index known_comment_of_task on agents.known_comment (task_id, said_at)');
  }

  override down(): void {
    this.addSql(`drop table agents.known_comment, agents.known_task, agents.known_project, agents.callback,
      agents.run_activity, agents.run_question, agents.run_attempt, agents.agent_run, agents.agent_project,
      agents.agent, agents.openclaw_target`);
  }
}
