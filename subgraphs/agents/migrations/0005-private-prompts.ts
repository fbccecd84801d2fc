import { Migration } from '@mikro-orm/migrations';

/**
 * Slugs are unique among the agents in use of one target. An attempt knows which part of its prompt only the owner of its
 * agent may read; null for attempts before, whose prompts are shown to nobody else.
 */
export class Migration0005PrivatePrompts extends Migration {
  override up(): void {
    this.addSql('alter table agents.agent drop constraint agent_slug_unique');
    this.addSql(
      'create unique index agent_slug_in_use on agents.agent (target, slug) where archived_at is null',
    );
    this.addSql('alter table agents.run_attempt add column system_prompt text null');
    // Of an agent that has not changed since, it is known.
    this.addSql(`update agents.run_attempt as attempt set system_prompt = coalesce(agent.system_prompt, '')
      from agents.agent_run as run join agents.agent as agent on agent.id = run.agent_id
      where run.id = attempt.run_id and agent.updated_at <= run.queued_at and not attempt.is_prompt_cut`);
  }

  /** Fails while two agents have a slug: one of them must go first. */
  override down(): void {
    this.addSql('alter table agents.run_attempt drop column system_prompt');
    this.addSql('drop index agents.agent_slug_in_use');
    this.addSql('alter table agents.agent add constraint agent_slug_unique unique (slug)');
  }
}
