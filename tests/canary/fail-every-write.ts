/*
 * Calls every mutation with a canary in each of its texts while the database refuses every write, and prints the code of
 * each answer. tests/canary.test.ts starts this as a process, because logs go to the standard output of a process.
 *
 * Usage: node tests/canary/fail-every-write.ts <form> message|detail <canary>
 */
import { buildASTSchema, type GraphQLInputObjectType, getNamedType } from 'graphql';
import { openDatabase } from '../../platform/database/database.ts';
import { testLog } from '../../platform/testing/infrastructure.ts';
import { SUBGRAPHS, type SubgraphName, subgraphSdl } from '../../schema/sdl.ts';
import * as agents from '../access/agents.ts';
import * as chat from '../access/chat.ts';
import * as projects from '../access/projects.ts';
import * as tasks from '../access/tasks.ts';
import { type AccessWorld, mutationDocument, openAccessWorld } from '../access/world.ts';

const TABLES = { projects, tasks, agents, chat } satisfies Record<SubgraphName, object>;
const [, , form, where, canary] = process.argv;
Object.assign(globalThis, { teamBoardForm: form });

interface Call {
  readonly subgraph: SubgraphName;
  readonly field: string;
  readonly input: object;
}

/** Every mutation of every subgraph, with an input that would be accepted. */
async function arrangeCalls(world: AccessWorld): Promise<Call[]> {
  const calls: Call[] = [];
  for (const subgraph of SUBGRAPHS) {
    for (const [field, { arrange }] of Object.entries(TABLES[subgraph].MUTATIONS)) {
      const input = await arrange(world);
      calls.push({ subgraph, field, input: withCanary(subgraph, field, input) });
    }
  }
  return calls;
}

/** Names in which only certain characters are allowed. */
const NARROW = new Set(['key', 'slug', 'avatarUrl', 'color', 'openClaw']);

/** Fills every free text of an input with the canary, also those that the call does not need. */
function withCanary(subgraph: SubgraphName, field: string, input: object): object {
  const schema = buildASTSchema(subgraphSdl(subgraph), { assumeValidSDL: true });
  const argument = schema.getMutationType()!.getFields()[field]!.args[0]!;
  const fields = (getNamedType(argument.type) as GraphQLInputObjectType).getFields();
  const texts = Object.values(fields).filter(
    ({ name, type }) =>
      getNamedType(type).name === 'String' && !String(type).startsWith('[') && !NARROW.has(name),
  );
  return { ...input, ...Object.fromEntries(texts.map(({ name }) => [name, `${canary}-${name}`])) };
}

/**
 * Makes PostgreSQL refuse every further write, with an error that quotes the row: in its message, as a trigger may do, or
 * in its detail, as PostgreSQL itself does for a constraint.
 */
async function refuseWrites(world: AccessWorld, where: 'message' | 'detail'): Promise<void> {
  const { source } = world.infrastructure;
  const orm = await openDatabase({ schema: 'log', entities: [], migrations: [], source, log: testLog });
  try {
    await orm.em.fork().execute(REFUSE_ROW);
    const tables: { name: string }[] = await orm.em.fork().execute(TABLE_NAMES);
    for (const { name } of tables) await orm.em.fork().execute(REFUSALS[where](name));
  } finally {
    await orm.close();
  }
}

const REFUSE_ROW = `create function log.refuse_row() returns trigger language plpgsql
  as 'begin raise exception ''refused: %'', to_jsonb(coalesce(new, old)); end'`;
const TABLE_NAMES = `select format('%I.%I', schemaname, tablename) as name from pg_tables
  where schemaname in ('log', 'access', 'projects', 'tasks', 'agents', 'chat')`;
const REFUSALS = {
  detail: (table: string) => `alter table ${table} add constraint refused check (false) not valid`,
  message: (table: string) => `create trigger refused before insert or update or delete on ${table}
    for each row execute function log.refuse_row()`,
};

const world = await openAccessWorld('debug');
const calls = await arrangeCalls(world);
await refuseWrites(world, where as 'message' | 'detail');
for (const { subgraph, field, input } of calls) {
  const document = mutationDocument(field, '');
  const { data, errors } = await world.ask(subgraph, world.people.OWNER, document, { input });
  const code = errors?.[0].extensions.code ?? data[field].userErrors[0]?.code ?? 'OK';
  console.log(JSON.stringify({ msg: 'canary.called', field, code }));
}
await world.close();
