-- Makes a PostgreSQL role for each subgraph, which may read and write its own schema and the event log, and change no
-- table. Only projects may change who has which role in a project. docker compose runs this on an empty database; psql
-- runs it anywhere, as often as one likes:
--
--   PROJECTS_DATABASE_PASSWORD=… TASKS_DATABASE_PASSWORD=… AGENTS_DATABASE_PASSWORD=… CHAT_DATABASE_PASSWORD=… \
--     psql "$DATABASE_URL" --set ON_ERROR_STOP=1 --file scripts/create-roles.sql
--
-- The role that runs it owns the tables: run `npm run migrate -- up all` as the same one.

\set prefix team_board
\getenv prefix DATABASE_ROLE_PREFIX
\getenv projects_password PROJECTS_DATABASE_PASSWORD
\getenv tasks_password TASKS_DATABASE_PASSWORD
\getenv agents_password AGENTS_DATABASE_PASSWORD
\getenv chat_password CHAT_DATABASE_PASSWORD

create temporary table subgraph as
  select name, format('%s_%s', :'prefix', name) as role, password from (values
    ('projects', :'projects_password'),
    ('tasks', :'tasks_password'),
    ('agents', :'agents_password'),
    ('chat', :'chat_password')
  ) as given (name, password);

select format('create role %I login', role) from subgraph
  where not exists (select from pg_roles where rolname = role) \gexec
select format('alter role %I password %L', role, password) from subgraph \gexec
select format('grant connect on database %I to %I', current_database(), role) from subgraph \gexec
select format('revoke all on database %I from public', current_database()) \gexec

-- The tables that each role may use, and what it may do with their rows.
create temporary table permission as
  select role, name as schema, 'select, insert, update, delete' as verbs from subgraph
  union all
  select role, 'log', 'select, insert, update, delete' from subgraph
  union all
  select role, 'access', case name when 'projects' then 'select, insert, update, delete' else 'select' end from subgraph;

select format('create schema if not exists %I', schema) from (select distinct schema from permission) as each \gexec
select format('grant usage on schema %I to %I', schema, role) from permission \gexec
-- For the tables that exist, and for those that migrations will make.
select format('grant %s on all tables in schema %I to %I', verbs, schema, role) from permission \gexec
select format('grant usage on all sequences in schema %I to %I', schema, role) from permission \gexec
select format('alter default privileges in schema %I grant %s on tables to %I', schema, verbs, role) from permission \gexec
select format('alter default privileges in schema %I grant usage on sequences to %I', schema, role) from permission \gexec
