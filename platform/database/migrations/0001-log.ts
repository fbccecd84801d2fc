import { Migration } from '@mikro-orm/migrations';

/** The event log with its readers' positions, the grants, and the idempotency keys. */
export class Migration0001Log extends Migration {
  override up(): void {
    this.addSql('create schema if not exists log');
    this.addSql(`create table log.stream (
      stream text primary key,
      last_seq bigint not null default 0)`);
    this.addSql(`create table log.event (
      stream text not null references log.stream,
      seq bigint not null,
      id uuid not null unique,
      type text not null,
      subject uuid not null,
      actor text not null,
      payload jsonb not null,
      created_at timestamptz(3) not null default now(),
      primary key (stream, seq))`);
    this.addSql('create index event_subject on log.event (stream, subject, seq)');
    this.addSql(`create table log.consumer (
      name text not null,
      stream text not null references log.stream,
      seq bigint not null default 0,
      primary key (name, stream))`);

    this.addSql('create schema if not exists access');
    this.addSql(`create table access.grant (
      scope text not null,
      subject uuid not null,
      role text not null,
      granted_at timestamptz(3) not null default now(),
      primary key (scope, subject))`);
    this.addSql('create index grant_subject on access.grant (subject)');

    this.addSql(`create table log.idempotency (
      actor text not null,
      operation text not null,
      key text not null,
      request_sha256 text not null,
      result_id uuid,
      created_at timestamptz(3) not null default now(),
      primary key (actor, operation, key))`);
  }

  override down(): void {
    this.addSql('drop schema access cascade');
    this.addSql('drop table log.idempotency, log.consumer, log.event, log.stream');
  }
}
