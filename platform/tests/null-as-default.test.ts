import { expect, test } from '@jest/globals';
import { buildSchema, graphql } from 'graphql';
import { takeNullAsDefault } from '../graphql/null-as-default.ts';

const schema = takeNullAsDefault(
  buildSchema(`
    type Query { ask(open: Boolean = true, size: Size = SMALL, tag: String, input: Order, all: [Order]): String }
    enum Size { SMALL LARGE }
    input Order { size: Size = LARGE, note: String, items: [Item!], next: Order }
    input Item { isDone: Boolean = false, text: String }
  `),
);
const ask = async (args: string, variables: Record<string, unknown> = {}) => {
  const rootValue = { ask: (values: unknown) => JSON.stringify(values) };
  const types = { null: 'Boolean', order: 'Order' };
  const declared = Object.keys(variables).map((name) => `$${name}: ${types[name as keyof typeof types]}`);
  const source = `query ${declared.length ? `(${declared})` : ''} { ask${args} }`;
  const { data, errors } = await graphql({ schema, source, rootValue, variableValues: variables });
  expect(errors).toBeUndefined();
  return JSON.parse(data!['ask'] as string);
};

test('null is the default of an argument, as a literal and as a variable', async () => {
  const defaults = { open: true, size: 'SMALL' };
  expect(await ask('(tag: "a")')).toEqual({ ...defaults, tag: 'a' });
  expect(await ask('(open: null, size: null)')).toEqual(defaults);
  expect(await ask('(open: $null)', { null: null })).toEqual(defaults);
});

test('null is the default within inputs, in lists of them and in themselves', async () => {
  const order = {
    size: null,
    items: [{ isDone: null }, { isDone: true }],
    next: { size: null },
  };
  const filled = {
    size: 'LARGE',
    items: [{ isDone: false }, { isDone: true }],
    next: { size: 'LARGE' },
  };
  expect((await ask('(input: $order)', { order })).input).toEqual(filled);
  expect((await ask('(all: [$order])', { order })).all).toEqual([filled]);
});

test('null stays null where there is no default', async () => {
  const order = { note: null, items: null, next: null };
  expect((await ask('(tag: null, input: $order)', { order })).tag).toBeNull();
  expect((await ask('(input: $order)', { order })).input).toMatchObject(order);
});
