import { Migration } from '@mikro-orm/migrations';

/**
 * Readers of the log have names, `AgentChanged` says which agent it is about, and `ignore_blockers` is called like its
 * input.
 *
 * Logged events of the old version of `AgentChanged` are converted, so that readers and subscriptions need to know only
 * the new one. They get the agent as it is now.
 */
export class Migration0002NamedReaders extends Migration {
  override up(): void {
    this.addSql(`insert into log.reader (name)
      select distinct 'agents.tasks' from log.reader_position where reader = 'agents'
      on conflict do nothing`);
    this.addSql(`update log.reader_position set reader = 'agents.tasks' where reader = 'agents'`);
    this.addSql('alter table agents.agent_run rename column ignores_blockers to ignore_blockers');
    this.addSql(`update log.event set type = 'agents.agent-changed.v2', payload = jsonb_build_object(
        'agentId', agent.id, 'name', agent.name, 'slug', agent.slug, 'avatarUrl', agent.avatar_url,
        'isEnabled', agent.is_enabled, 'isArchived', agent.archived_at is not null)
      from agents.agent as agent
      where event.type = 'agents.agent-changed.v1' and event.subject = agent.id`);
    this.addSql(`update log.event
      set payload = event.payload || jsonb_build_object('requestedBy', run.requested_by)
      from agents.agent_run as run
      where event.type = 'agents.run-changed.v1' and event.subject = run.id`);
    // Retention removes the oldest rows of these tables.
    this.addSql('create index callback_received on agents.callback (received_at)');
    this.addSql('create index run_activity_occurred on agents.run_activity (occurred_at)');
  }

  override down(): void {
    this.addSql('drop index agents.callback_received, agents.run_activity_occurred');
    this.addSql(`update log.event
      set type = 'agents.agent-changed.v1', payload = jsonb_build_object('agentId', subject)
      where type = 'agents.agent-changed.v2'`);
    this.addSql('alter table agents.agent_run rename column ignore_blockers to ignores_blockers');
    this.addSql(`update log.reader_position set reader = 'agents' where reader = 'agents.tasks'`);
    this.addSql(`delete from log.reader where name = 'agents.tasks'`);
  }
}
