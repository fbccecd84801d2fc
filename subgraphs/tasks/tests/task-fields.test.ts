import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildASTSchema, isInputObjectType, isObjectType } from 'graphql';
import type { z } from 'zod';
import { Task } from '../entities/task.ts';
import { ALL_API_NAMES, FIXED_FIELDS, TASK_FIELDS } from '../entities/task-fields.ts';
import { createTask } from '../operations/task/create-task.ts';
import { lockTask } from '../operations/task/steps/lock-task.ts';
import { updateTask } from '../operations/task/update-task.ts';
import { TASKS_SUBGRAPH } from '../subgraph.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** Everything that declares a field of a task. */
interface Declarations {
  /** The properties of the entity. */
  columns: string[];
  table: Record<string, { input?: z.ZodType; apiNames: readonly string[] }>;
  fixed: Record<string, string>;
  /** The fields of the GraphQL type. */
  apiFields: string[];
  apiNames: readonly string[];
  /** The arguments in the SDL and in the schema of the operation, by mutation. */
  inputs: Record<string, { sdl: string[]; operation: string[] }>;
}

function declarations(): Declarations {
  const schema = buildASTSchema(TASKS_SUBGRAPH.typeDefs, { assumeValidSDL: true });
  const fieldsOf = (name: string) => {
    const type = schema.getType(name);
    return isObjectType(type) || isInputObjectType(type) ? Object.keys(type.getFields()) : [];
  };
  return {
    columns: Object.keys(world.subgraph.orm.getMetadata().get(Task).properties),
    table: TASK_FIELDS,
    fixed: FIXED_FIELDS,
    apiFields: fieldsOf('Task'),
    apiNames: ALL_API_NAMES,
    inputs: {
      taskCreate: { sdl: fieldsOf('TaskCreateInput'), operation: Object.keys(createTask.input.shape) },
      taskUpdate: { sdl: fieldsOf('TaskUpdateInput'), operation: Object.keys(updateTask.input.shape) },
    },
  };
}

/** What one declaration has and another one lacks. */
function gaps({ columns, table, fixed, apiFields, apiNames, inputs }: Declarations): string[] {
  const listed = [...Object.keys(table), ...Object.keys(fixed)];
  const lacks = (all: readonly string[], some: readonly string[], what: string) =>
    some.filter((each) => !all.includes(each)).map((each) => `${each} ${what}`);
  return [
    ...lacks(listed, columns, 'is a column in no table'),
    ...lacks(columns, listed, 'is in a table and no column'),
    ...lacks(apiNames, apiFields, 'is a field of the API that no change names'),
    ...lacks(apiFields, apiNames, 'is no field of the API'),
    ...Object.entries(inputs).flatMap(([verb, { sdl, operation }]) => [
      ...lacks(operation, sdl, `is an argument that ${verb} does not know`),
      ...lacks(sdl, operation, `is no argument of ${verb}`),
    ]),
  ];
}

type Place = 'column' | 'row in the table' | 'field of the SDL' | 'arguments of the SDL';

/** The declarations as they would be with a new field `inventedField` that is missing in one place. */
function withEstimate(missing?: Place): Declarations {
  const real = declarations();
  const addTo = (names: readonly string[], place: Place) =>
    place === missing ? [...names] : [...names, 'inventedField'];
  const row = missing !== 'row in the table' && { inventedField: { apiNames: ['inventedField'] } };
  return {
    columns: addTo(real.columns, 'column'),
    table: { ...real.table, ...row },
    fixed: real.fixed,
    apiFields: addTo(real.apiFields, 'field of the SDL'),
    apiNames: addTo(real.apiNames, 'row in the table'),
    inputs: mapValues(real.inputs, ({ sdl, operation }) => ({
      sdl: addTo(sdl, 'arguments of the SDL'),
      operation: addTo(operation, 'row in the table'),
    })),
  };
}

const mapValues = <Value>(record: Record<string, Value>, map: (value: Value) => Value) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));

describe('a field of a task', () => {
  test('is declared in all places', () => {
    expect(gaps(declarations())).toEqual([]);
    expect(gaps(withEstimate())).toEqual([]);
  });

  test.each<[Place, string[]]>([
    ['column', ['inventedField is in a table and no column']],
    [
      'row in the table',
      [
        'inventedField is a column in no table',
        'inventedField is a field of the API that no change names',
        'inventedField is an argument that taskCreate does not know',
        'inventedField is an argument that taskUpdate does not know',
      ],
    ],
    ['field of the SDL', ['inventedField is no field of the API']],
    [
      'arguments of the SDL',
      ['inventedField is no argument of taskCreate', 'inventedField is no argument of taskUpdate'],
    ],
  ])('without its %s is reported', (place, reports) => {
    expect(gaps(withEstimate(place))).toEqual(reports);
  });

  test('cannot be changed without the table', async () => {
    const { id } = await world.task({ projectId: await world.project() });

    const change = world.subgraph.transact(world.member, async (tx) => {
      const task = await lockTask(tx, id);
      task.number = 99;
    });

    await expect(change).rejects.toThrow('Task.number changed, and is in no table of changeable fields');
  });

  test('that an operation does not know is a fault, not an input of the client', async () => {
    const projectId = await world.project();

    await expect(world.task({ projectId, inventedField: 3 })).rejects.toThrow(
      /^taskCreate does not know inventedField/,
    );
  });
});
