import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  buildASTSchema,
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  getNamedType,
  isObjectType,
} from 'graphql';
import { openDatabase } from '../platform/database/database.ts';
import { testLog } from '../platform/testing/infrastructure.ts';
import type { EventDefinition } from '../schema/events/event.ts';
import { SUBGRAPHS, type SubgraphName, subgraphSdl } from '../schema/sdl.ts';
import * as agents from './access/agents.ts';
import * as chat from './access/chat.ts';
import * as projects from './access/projects.ts';
import { SEEKERS } from './access/seekers.ts';
import * as tasks from './access/tasks.ts';
import { type AccessWorld, mutationDocument, openAccessWorld } from './access/world.ts';
import { DEFINITIONS } from './completeness/subgraphs.ts';

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

const TABLES = { projects, tasks, agents, chat } satisfies Record<SubgraphName, object>;

let world: AccessWorld;
beforeAll(async () => {
  world = await openAccessWorld();
});
afterAll(() => world.close());

describe.each(SUBGRAPHS)('the access tables of %s', (name) => {
  const schema = buildASTSchema(subgraphSdl(name), { assumeValidSDL: true });
  const fieldsOf = (type: string) => (schema.getType(type) as GraphQLObjectType).getFields();
  const { MUTATIONS, SUBSCRIPTIONS } = TABLES[name];

  test('have a row for every mutation and subscription, and for nothing else', () => {
    expect(Object.keys(MUTATIONS).sort()).toEqual(Object.keys(fieldsOf('Mutation')).sort());
    expect(Object.keys(SUBSCRIPTIONS).sort()).toEqual(Object.keys(fieldsOf('Subscription')).sort());
  });

  test.each(Object.keys(MUTATIONS))('%s gives each seeker the verdict of its row', async (field) => {
    const { arrange, verdicts } = MUTATIONS[field]!;
    const found: Record<string, string> = {};
    for (const seeker of SEEKERS) {
      const input = await arrange(world);
      const { data, errors } = await world.ask(name, world.seekers[seeker], mutationDocument(field, ''), {
        input,
      });
      expect(errors).toBeUndefined();
      found[seeker] = data[field].userErrors[0]?.code ?? 'OK';
    }
    expect(found).toEqual(verdicts);
  });

  test.each(Object.keys(MUTATIONS))(
    '%s tells a stranger the same of what it may not see and of what does not exist, and names no other id',
    async (field) => {
      const sent = JSON.stringify(await MUTATIONS[field]!.arrange(world));
      const tell = async (input: string) => {
        const variables = { input: JSON.parse(input) };
        return JSON.stringify(
          await world.ask(name, world.seekers.STRANGER, mutationDocument(field, ''), variables),
        );
      };
      for (const id of new Set(sent.match(UUID))) {
        const absent = randomUUID();

        const [ofHidden, ofAbsent] = [await tell(sent), await tell(sent.replaceAll(id, absent))];

        expect(ofHidden.replaceAll(id, 'ID')).toBe(ofAbsent.replaceAll(absent, 'ID'));
        expect((ofHidden.match(UUID) ?? []).filter((each) => !sent.includes(each))).toEqual([]);
      }
    },
  );

  const takes = (argument: string) =>
    Object.keys(MUTATIONS).filter((field) => argument in inputTypeOf(field).getFields());
  const inputTypeOf = (field: string) =>
    getNamedType(fieldsOf('Mutation')[field]!.args[0]!.type) as GraphQLInputObjectType;
  /** Asks as the first seeker who may: the owner, wherever the owner may. */
  const askAsEntitled = async (field: string, selection: string, input: object) => {
    const document = mutationDocument(field, selection);
    const seeker = SEEKERS.find((each) => MUTATIONS[field]!.verdicts[each] === 'OK')!;
    const { data, errors } = await world.ask(name, world.seekers[seeker], document, { input });
    expect(errors).toBeUndefined();
    return data[field];
  };

  test('change nothing by a call with another `expectedVersion`', async () => {
    for (const field of takes('expectedVersion')) {
      const input = { ...(await MUTATIONS[field]!.arrange(world)), expectedVersion: -1 };
      const { userErrors } = await askAsEntitled(field, '', input);
      expect({ field, code: userErrors[0]?.code }).toEqual({ field, code: 'VERSION_CONFLICT' });
    }
  });

  /** The field of a mutation's payload that tells what it made or changed. */
  const resultOf = (field: string) => {
    const payload = getNamedType(fieldsOf('Mutation')[field]!.type) as GraphQLObjectType;
    const [name, { type }] = Object.entries(payload.getFields()).find(([name]) => name !== 'userErrors')!;
    return { name, isObject: isObjectType(getNamedType(type)) };
  };

  test.each(Object.keys(MUTATIONS))(
    '%s is done once by a call that is repeated with its `idempotencyKey`',
    async (field) => {
      const { name: made, isObject } = resultOf(field);
      const selection = isObject ? `${made} { id }` : made;
      const input = { ...(await MUTATIONS[field]!.arrange(world)), idempotencyKey: `key of ${field}` };

      const first = await askAsEntitled(field, selection, input);
      const second = await askAsEntitled(field, selection, input); // a repeat that published something is an error

      expect(first).toMatchObject({ [made]: isObject ? { id: expect.any(String) } : true, userErrors: [] });
      expect(second).toEqual(first);
    },
  );

  test('take the repeat of a call with an `expectedVersion` for no conflict: its own change raised the version', async () => {
    for (const field of takes('expectedVersion')) {
      const { name: changed } = resultOf(field);
      const input = { ...(await MUTATIONS[field]!.arrange(world)), idempotencyKey: `versioned ${field}` };
      const selection = `${changed} { version }`;
      const { [changed]: read } = await askAsEntitled(field, selection, { ...input, expectedVersion: -1 });

      const call = { ...input, expectedVersion: read.version };
      const first = await askAsEntitled(field, selection, call);
      const second = await askAsEntitled(field, selection, call);

      expect({ field, ...first }).toEqual({
        field,
        [changed]: { version: read.version + 1 },
        userErrors: [],
      });
      expect({ field, ...second }).toEqual({ field, ...first });
    }
  });

  test.each(Object.keys(SUBSCRIPTIONS))('%s gives each seeker the verdict of its row', async (field) => {
    const { arrange, verdicts } = SUBSCRIPTIONS[field]!;
    const found: Record<string, string> = {};
    for (const seeker of SEEKERS) {
      const args = await arrange(world);
      const [argument] = Object.keys(args);
      const document = `subscription ($id: ID!) { ${field}(${argument}: $id) { __typename } }`;
      const variables = { id: Object.values(args)[0] };
      const { data, errors } = await world.firstWord(name, world.seekers[seeker], document, variables);
      found[seeker] = errors?.[0]?.extensions.code ?? (data && 'OK');
    }
    expect(found).toEqual(verdicts);
  });
});

test('these calls publish every kind of event that the subgraphs define, with the payload of its definition', async () => {
  const { source } = world.infrastructure;
  const orm = await openDatabase({ schema: 'log', entities: [], migrations: [], source, log: testLog });
  try {
    const events: { type: string; payload: unknown }[] = await orm.em
      .fork()
      .execute('select type, payload from log.event');
    const definitions = SUBGRAPHS.flatMap((name) => DEFINITIONS[name].events as EventDefinition[]);
    expect([...new Set(events.map(({ type }) => type))].sort()).toEqual(
      definitions.map(({ type }) => type).sort(),
    );
    for (const { type, payload } of events)
      definitions.find((definition) => definition.type === type)!.payload.parse(payload);
  } finally {
    await orm.close();
  }
});
