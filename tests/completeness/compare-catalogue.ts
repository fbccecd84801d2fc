import type { MikroORM } from '@mikro-orm/postgresql';

interface Column {
  table: string;
  column: string;
  type: string;
  isNullable: boolean;
}

/**
 * How the tables of a subgraph differ from its entities, and its indexes from those that its README names. Empty when
 * they agree.
 *
 * Tables without an entity are read by SQL only; their columns are compared with nothing.
 */
export async function compareCatalogue(orm: MikroORM, schema: string, readme: string): Promise<string[]> {
  const stored = await readColumns(orm, schema);
  const mapped = columnsOfEntities(orm, schema);
  const tables = new Set(mapped.map(({ table }) => table));
  const keyOf = ({ table, column }: Column) => `${table}.${column}`;
  const storedByKey = new Map(
    stored.filter(({ table }) => tables.has(table)).map((column) => [keyOf(column), column]),
  );
  const mappedByKey = new Map(mapped.map((column) => [keyOf(column), column]));
  return [
    ...[...mappedByKey].flatMap(([key, column]) => compareColumn(key, column, storedByKey.get(key))),
    ...[...storedByKey.keys()]
      .filter((key) => !mappedByKey.has(key))
      .map((key) => `${key}: no entity has it`),
    ...compareNames(await readIndexes(orm, schema), indexesOf(readme)),
  ];
}

function compareColumn(key: string, entity: Column, stored: Column | undefined): string[] {
  if (!stored) return [`${key}: no migration makes it`];
  const differences: string[] = [];
  if (stored.type !== entity.type)
    differences.push(`${key}: stored as ${stored.type}, mapped as ${entity.type}`);
  if (stored.isNullable !== entity.isNullable) {
    differences.push(
      `${key}: ${stored.isNullable ? 'stored' : 'mapped'} as nullable, and not ${stored.isNullable ? 'mapped' : 'stored'} so`,
    );
  }
  return differences;
}

function columnsOfEntities(orm: MikroORM, schema: string): Column[] {
  return [...orm.getMetadata().getAll().values()]
    .filter((entity) => (entity.schema ?? schema) === schema)
    .flatMap(({ tableName, props }) =>
      props
        .filter(({ persist }) => persist !== false)
        .map(({ fieldNames, columnTypes, nullable }) => ({
          table: tableName,
          column: fieldNames[0]!,
          type: plainType(columnTypes[0]!),
          isNullable: nullable ?? false,
        })),
    );
}

async function readColumns(orm: MikroORM, schema: string): Promise<Column[]> {
  const rows: { table: string; column: string; type: string; is_nullable: boolean }[] = await orm.em
    .fork()
    .execute(
      `select relname as table, attname as column, format_type(atttypid, atttypmod) as type,
       not attnotnull as is_nullable
     from pg_attribute join pg_class on pg_class.oid = attrelid
     where relnamespace = ?::regnamespace and relkind in ('r', 'p') and attnum > 0 and not attisdropped`,
      [schema],
    );
  return rows.map(({ type, is_nullable, ...row }) => ({
    ...row,
    type: plainType(type),
    isNullable: is_nullable,
  }));
}

/** PostgreSQL and MikroORM write some types in different ways. */
const plainType = (type: string): string =>
  type
    .replace('character varying', 'varchar')
    .replace(/^timestamp(\(\d\))? with time zone$/, 'timestamptz$1')
    .replace(/^int(eger|4)?$/, 'int')
    .replace(/^bool(ean)?$/, 'boolean');

/** The names of all indexes but those of primary keys, whose tables name them. */
async function readIndexes(orm: MikroORM, schema: string): Promise<string[]> {
  const rows: { name: string }[] = await orm.em.fork().execute(
    `select index.relname as name from pg_index
     join pg_class as index on index.oid = indexrelid join pg_class as owner on owner.oid = indrelid
     where owner.relnamespace = ?::regnamespace and not indisprimary and owner.relname <> 'migration'`,
    [schema],
  );
  return rows.map(({ name }) => name);
}

/** The names in the first column of the table under "## Indexes". */
function indexesOf(readme: string): string[] {
  const section = readme.split(/^## /m).find((part) => part.startsWith('Indexes')) ?? '';
  return [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!);
}

const compareNames = (stored: readonly string[], described: readonly string[]): string[] => [
  ...stored
    .filter((name) => !described.includes(name))
    .map((name) => `the index ${name} is not in README.md`),
  ...described
    .filter((name) => !stored.includes(name))
    .map((name) => `README.md names an index ${name} that is not there`),
];
