import { Migration } from '@mikro-orm/migrations';

/**
 * An attempt keeps the whole last message of its agent, and a run the part of its answer that may be a question. Attempts
 * that ended earlier get the answers and the questions that were kept of them.
 */
export class Migration0003Messages extends Migration {
  override up(): void {
    this.addSql(`alter table agents.run_attempt
      add column message text null,
      add column is_message_truncated boolean not null default false`);
    this.addSql('alter table agents.agent_run add column possible_question text null');
    this.addSql(`update agents.run_attempt as attempt
      set message = run.answer, is_message_truncated = run.is_answer_truncated
      from agents.agent_run as run
      where run.id = attempt.run_id and run.attempt = attempt.number and run.answer is not null`);
    this.addSql(`update agents.run_attempt as attempt set message = question.body
      from agents.run_question as question
      where question.run_id = attempt.run_id and question.attempt = attempt.number`);
  }

  override down(): void {
    this.addSql('alter table agents.agent_run drop column possible_question');
    this.addSql('alter table agents.run_attempt drop column message, drop column is_message_truncated');
  }
}
