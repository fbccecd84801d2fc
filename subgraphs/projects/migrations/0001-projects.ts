import { Migration } from '@mikro-orm/migrations';

/** Projects and the people who have signed in. */
export class Migration0001Projects extends Migration {
  override up(): void {
    this.addSql('create schema if not exists projects');
    this.addSql(`create table projects.project (
      id uuid primary key,
      key varchar(10) not null constraint project_key_unique unique,
      name varchar(100) not null,
      description text,
      version int not null default 1,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null)`);
    this.addSql(`create table projects.app_user (
      id uuid primary key,
      display_name varchar(200) not null,
      avatar_url varchar(2000))`);
  }

  override down(): void {
    this.addSql('drop table projects.app_user, projects.project');
  }
}
