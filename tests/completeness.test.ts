import { globSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EntitySchema } from '@mikro-orm/core';
import {
  buildASTSchema,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

import codegen from '../codegen.ts';
import { openDatabase } from '../platform/database/database.ts';
import { migrate, migrateDown, readMigrations } from '../platform/database/migrate.ts';
import { takeNullAsDefault } from '../platform/graphql/null-as-default.ts';
import type { Infrastructure } from '../platform/subgraph/infrastructure.ts';
import type { Mapping } from '../platform/subgraph/subscription.ts';
import { openTestInfrastructure, testLog } from '../platform/testing/infrastructure.ts';
import { SUBGRAPHS, type SubgraphName, subgraphSdl } from '../schema/sdl.ts';
import { compareCatalogue } from './completeness/compare-catalogue.ts';
import { compareInput } from './completeness/compare-input.ts';
import { DEFINITIONS, resolversOf } from './completeness/subgraphs.ts';

/*
 * What is added by half fails here: a field without a source, an input that an operation ignores, an event that nobody
 * shows, a column without a migration.
 */

const schemaOf = (name: SubgraphName): GraphQLSchema =>
  buildASTSchema(subgraphSdl(name), { assumeValidSDL: true });
const fieldsOf = (schema: GraphQLSchema, type: string) =>
  Object.values((schema.getType(type) as GraphQLObjectType | undefined)?.getFields() ?? {});

describe.each(SUBGRAPHS)('the %s subgraph', (name) => {
  const schema = schemaOf(name);
  const resolvers = resolversOf(name);

  test('resolves every mutation by an operation of that name, whose input is the one of the SDL', () => {
    const differences = fieldsOf(schema, 'Mutation').flatMap((field) => {
      const operation = resolvers['Mutation']?.[field.name]?.operation;
      if (!operation) return [`${field.name} is not resolved by \`mutation(operation, …)\``];
      if (operation.verb !== field.name)
        return [`${field.name} is resolved by the operation ${operation.verb}`];
      const input = getNamedType(field.args[0]!.type) as GraphQLInputObjectType;
      return compareInput(input, operation.input);
    });
    expect(differences).toEqual([]);
  });

  test('has a source for every field of its types: a property of the row, a key of the event, or a resolver', () => {
    const missing = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .flatMap((type) => {
        const sources = sourcesOf(name, type.name);
        if (!sources) return [];
        const own = Object.keys(resolvers[type.name] ?? {});
        return Object.values(type.getFields())
          .filter(({ astNode }) => !astNode?.directives?.some(({ name }) => name.value === 'external'))
          .filter((field) => !own.includes(field.name) && !sources.has(field.name))
          .map((field) => `${type.name}.${field.name}`);
      });
    expect(missing).toEqual([]);
  });

  test('lets every argument and input that has a default be null, and takes the default then', () => {
    const schema = schemaOf(name);
    const objects = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .filter(({ name }) => !name.startsWith('__'));
    const fields = objects.flatMap((type) => Object.values(type.getFields()));
    for (const field of fields) field.resolve = (_source, values) => values;
    takeNullAsDefault(schema);
    for (const { args, resolve } of fields) {
      const nulls = valuesFor(args, () => null);
      const defaults = valuesFor(args, ({ defaultValue }) => defaultValue);
      expect(resolve!(null, nulls, null, null as never)).toEqual(defaults);
    }
  });

  test('resolves every query and subscription', () => {
    const missing = ['Query', 'Subscription'].flatMap((type) =>
      fieldsOf(schema, type)
        .filter((field) => !resolvers[type]?.[field.name])
        .map((field) => `${type}.${field.name}`),
    );
    expect(missing).toEqual([]);
  });

  test('resolves nothing that the SDL does not have', () => {
    const unknown = Object.entries(resolvers).flatMap(([type, fields]) =>
      Object.keys(fields)
        .filter((field) => !field.startsWith('__'))
        .filter((field) => !fieldsOf(schema, type).some((known) => known.name === field))
        .map((field) => `${type}.${field}`),
    );
    expect(unknown).toEqual([]);
  });

  test('shows every kind of event that its subscriptions promise', () => {
    const missing = fieldsOf(schema, 'Subscription').flatMap((field) => {
      const event = getNamedType(field.type);
      if (!isInterfaceType(event)) return [`${field.name} does not yield an interface`];
      const shown = mappingsOf(name, field.name).map(typeNameOf);
      return schema
        .getPossibleTypes(event)
        .filter((kind) => !['StreamCaughtUp', 'StreamReset'].includes(kind.name))
        .filter((kind) => !shown.includes(kind.name))
        .map((kind) => `${field.name}: ${kind.name}`);
    });
    expect(missing).toEqual([]);
  });

  test('lists every file of its folder of migrations', () => {
    const files = globSync('*.ts', { cwd: new URL(`../subgraphs/${name}/migrations`, import.meta.url) });
    const listed = DEFINITIONS[name].migrations.map((migration) => `${migration.name}.ts`);
    expect(files.sort()).toEqual(listed);
  });

  test('has its own name in front of its readers and events', () => {
    const names = [
      ...DEFINITIONS[name].readers.map((reader) => reader.name),
      ...DEFINITIONS[name].events.map((event) => event.type),
    ];
    expect(names.filter((each) => !each.startsWith(`${name}.`))).toEqual([]);
  });
});

describe('the tables of every subgraph', () => {
  let infrastructure: Infrastructure;
  beforeAll(async () => {
    infrastructure = await openTestInfrastructure();
  });
  afterAll(() => infrastructure.close());

  test.each(SUBGRAPHS)('%s: migrations go to the newest, back to nothing and forward again', async (name) => {
    const { entities, migrations } = DEFINITIONS[name];
    const { source } = infrastructure;
    const orm = await openDatabase({ schema: name, entities, migrations, source, log: testLog });
    const tables = async () =>
      (
        await orm.em.fork().execute<{ table: string }[]>(
          `select table_name || '.' || column_name as table from information_schema.columns
             where table_schema = ? and table_name <> 'migration' order by 1`,
          [name],
        )
      ).map(({ table }) => table);
    try {
      await migrate(orm, source, testLog);
      const before = await tables();
      expect(before.length).toBeGreaterThan(5);

      for (const { name: newest } of migrations.toReversed())
        expect(await migrateDown(orm, source, testLog)).toEqual([newest]);
      expect(await tables()).toEqual([]);

      await migrate(orm, source, testLog);
      expect(await tables()).toEqual(before);
      expect((await readMigrations(orm)).pending).toEqual([]);
      expect(await compareCatalogue(orm, name, readmeOf(name))).toEqual([]);
    } finally {
      await orm.close();
    }
  });
});

const readmeOf = (name: SubgraphName) =>
  readFileSync(new URL(`../subgraphs/${name}/README.md`, import.meta.url), 'utf8');

interface InputValue {
  readonly name: string;
  readonly type: GraphQLInputType;
  readonly defaultValue?: unknown;
}

/** Arguments for everything that has a default, also within inputs. Throws where null is no value of the type. */
function valuesFor(expected: readonly InputValue[], pick: (each: InputValue) => unknown): object {
  const entries = expected.flatMap((each): [string, unknown][] => {
    const named = getNamedType(each.type);
    if (each.defaultValue !== undefined) {
      if (isNonNullType(each.type)) throw new Error(`${each.name} has a default and may not be null`);
      return [[each.name, pick(each)]];
    }
    if (!isInputObjectType(named)) return [];
    const inner = valuesFor(Object.values(named.getFields()), pick);
    return [[each.name, isListType(getNullableType(each.type)) ? [inner] : inner]];
  });
  return Object.fromEntries(entries);
}

const mappingsOf = (name: SubgraphName, subscription: string): readonly Mapping[] =>
  resolversOf(name)['Subscription']?.[subscription]?.mappings ?? [];

/** A payload whose every property is a text: enough to learn which keys a mapping makes of it. */
const ANY_PAYLOAD = new Proxy({}, { get: () => 'text' }) as never;
const typeNameOf = (mapping: Mapping) => mapping.map(ANY_PAYLOAD).__typename;

/**
 * The names of what stands behind a type of the SDL without a resolver: the properties of the row that codegen.ts names,
 * or the keys of the event's mapping. Null for other types, which TypeScript holds complete.
 */
function sourcesOf(name: SubgraphName, type: string): ReadonlySet<string> | null {
  const generated = codegen.generates[`subgraphs/${name}/generated/resolvers.ts`] as {
    config: { mappers: Record<string, string> };
  };
  const mapper = generated.config.mappers[type];
  if (!mapper) return keysOfEvent(name, type);
  const [, folder, entityName] = /^\.\.\/(\w+)\/.*#(\w+)/.exec(mapper) ?? [];
  if (folder !== 'entities') return keysOfEvent(name, type);
  const entity = DEFINITIONS[name].entities.find((each) => each.name === entityName);
  if (!entity) throw new Error(`${mapper} of codegen.ts is no entity of the ${name} subgraph`);
  return new Set(Object.keys(propertiesOf(entity)));
}

const propertiesOf = (entity: object): object =>
  EntitySchema.REGISTRY.get(entity as never)?.meta.properties ?? {};

function keysOfEvent(name: SubgraphName, type: string): ReadonlySet<string> | null {
  const subscriptions = Object.keys(resolversOf(name)['Subscription'] ?? {});
  const mapping = subscriptions
    .flatMap((field) => mappingsOf(name, field))
    .find((each) => typeNameOf(each) === type);
  return mapping ? new Set([...Object.keys(mapping.map(ANY_PAYLOAD)), 'cursor', 'occurredAt']) : null;
}
