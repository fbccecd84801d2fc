import { Migration } from '@mikro-orm/migrations';

/** Channels and their messages. */
export class Migration0001Chat extends Migration {
  override up(): void {
    this.addSql('create schema if not exists chat');
    this.addSql(`create table chat.channel (
      id uuid primary key,
      project_id uuid not null,
      name varchar(80) not null,
      name_key text not null,
      last_seq int not null default 0 check (last_seq >= 0),
      created_at timestamptz(3) not null,
      constraint channel_name_unique unique (project_id, name_key))`);
    this.addSql('create index channel_of_project on chat.channel (project_id, created_at, id)');
    this.addSql(`create table chat.message (
      id uuid primary key,
      channel_id uuid not null references chat.channel,
      seq int not null check (seq >= 1),
      author_kind text not null check (author_kind in ('User', 'Agent')),
      author_id uuid not null,
      body text not null,
      edited_at timestamptz(3),
      deleted_at timestamptz(3),
      created_at timestamptz(3) not null,
      constraint message_seq_unique unique (channel_id, seq),
      constraint text_goes_with_deletion check ((deleted_at is not null) = (body = '')))`);
  }

  override down(): void {
    this.addSql('drop table chat.message, chat.channel');
  }
}
