import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  buildASTSchema,
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  validate,
  visit,
} from 'graphql';
import { API_FILE, apiSchemaOf, composeSupergraph, SUPERGRAPH_FILE } from '../schema/compose.ts';
import { ERROR_CODES } from '../schema/errors.ts';
import { RUN_STATES } from '../schema/events/agents.ts';
import { ROLES } from '../schema/roles.ts';
import { SUBGRAPHS, subgraphSdl } from '../schema/sdl.ts';

const api = buildSchema(readFileSync(API_FILE, 'utf8'));
const valuesOf = (name: string) => {
  const type = api.getType(name);
  if (!isEnumType(type)) throw new Error(`${name} is not an enum`);
  return type.getValues().map((value) => value.name);
};

/** The subgraph that resolves the entities of a type by their id. */
const OWNERS: Readonly<Record<string, (typeof SUBGRAPHS)[number]>> = {
  ...{ User: 'projects', Project: 'projects', Task: 'tasks', Agent: 'agents', AgentRun: 'agents' },
  ...{ Channel: 'chat', Message: 'chat' },
};

describe('the schema', () => {
  test('the committed supergraph and API schema are what the subgraphs compose to', () => {
    const supergraph = composeSupergraph();
    expect(readFileSync(SUPERGRAPH_FILE, 'utf8') === supergraph).toBe(true);
    expect(readFileSync(API_FILE, 'utf8') === apiSchemaOf(supergraph)).toBe(true);
  });

  test('every type, field, argument-carrying input and enum value of every subgraph is described', () => {
    const bare: string[] = [];
    for (const subgraph of SUBGRAPHS) {
      const path: string[] = [subgraph];
      visit(subgraphSdl(subgraph), {
        enter(node, key, _parent, _path, ancestors) {
          const isDefinition =
            /^(ObjectType|InterfaceType|InputObjectType|EnumType|ScalarType)Definition$/.test(node.kind) ||
            ((node.kind === 'FieldDefinition' || node.kind === 'EnumValueDefinition') && key !== 'name');
          if (!isDefinition || !('name' in node) || !node.name) return;
          const isRoot = ['Query', 'Mutation', 'Subscription'].includes(node.name.value);
          if (!isRoot && !('description' in node && node.description)) {
            const owner = ancestors.findLast((each) => !Array.isArray(each) && 'name' in each && each.name);
            bare.push(
              [
                ...path,
                (owner as { name?: { value: string } } | undefined)?.name?.value,
                node.name.value,
              ].join(' '),
            );
          }
        },
      });
    }
    expect(bare).toEqual([]);
  });

  test('an object of another subgraph may be null, so that one subgraph that is away takes no object of another along', () => {
    const required: string[] = [];
    for (const subgraph of SUBGRAPHS) {
      const schema = buildASTSchema(subgraphSdl(subgraph), { assumeValidSDL: true });
      for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
        for (const { name, type: fieldType } of Object.values(type.getFields())) {
          const owner = OWNERS[getNamedType(fieldType).name];
          if (owner && owner !== subgraph && String(fieldType).includes('!'))
            required.push(`${type.name}.${name}`);
        }
      }
    }
    expect(required).toEqual([]);
  });

  test('every mutation takes one input and answers with userErrors', () => {
    for (const field of Object.values(api.getMutationType()?.getFields() ?? {})) {
      expect(field.args.map(({ name }) => name)).toEqual(['input']);
      expect(isInputObjectType(api.getType(String(field.args[0]?.type).replace('!', '')))).toBe(true);
      const payload = api.getType(String(field.type).replace('!', ''));
      expect(isObjectType(payload) && String(payload.getFields()['userErrors']?.type)).toBe('[UserError!]!');
    }
  });

  test('every subscription yields StreamCaughtUp and StreamReset', () => {
    for (const field of Object.values(api.getSubscriptionType()?.getFields() ?? {})) {
      const event = api.getType(String(field.type).replace('!', ''));
      if (!isInterfaceType(event)) throw new Error(`${field.name} does not yield an interface`);
      const kinds = api.getPossibleTypes(event).map(({ name }) => name);
      expect(kinds).toEqual(expect.arrayContaining(['StreamCaughtUp', 'StreamReset']));
    }
  });
});

test('the documents of README.md are documents of this schema', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const blocks = [...readme.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
  const documents = blocks.flatMap((block) => parse(block).definitions);
  expect(documents.length).toBeGreaterThan(4);
  for (const definition of documents)
    expect(validate(api, { kind: Kind.DOCUMENT, definitions: [definition] })).toEqual([]);
});

describe('one list of names', () => {
  test('the error codes of the table are those of the schema and of docs/errors.md', () => {
    const userCodes = Object.entries(ERROR_CODES).filter(([, { userError }]) => userError);
    expect(valuesOf('ErrorCode').sort()).toEqual(userCodes.map(([code]) => code).sort());
    const docs = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8').replaceAll(/ +/g, ' ');
    for (const [code, { meaning }] of Object.entries(ERROR_CODES))
      expect(docs).toContain(`| \`${code}\` | ${meaning} |`);
  });

  test('the states of a run and the roles are those of the schema', () => {
    expect(valuesOf('RunState').sort()).toEqual([...RUN_STATES].sort());
    expect(valuesOf('ProjectRole').sort()).toEqual([...ROLES].sort());
  });
});
