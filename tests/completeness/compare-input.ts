import {
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import { z } from 'zod';

/** What of JSON Schema zod gives for an input. */
interface JsonSchema {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
}

/** By the names of the SDL's scalars. */
const JSON_TYPES: Readonly<Record<string, string>> = {
  ID: 'string',
  String: 'string',
  DateTime: 'string',
  Date: 'string',
  EventCursor: 'string',
  Int: 'integer',
  SafeInt: 'integer',
  Float: 'number',
  Boolean: 'boolean',
};

/**
 * How the schema of an operation's input differs from the SDL's input type: keys, kinds, lists, nullability, defaults
 * and enum values. Empty when they say the same.
 *
 * A nullable field of the SDL may refuse null only where its description says so ("not null").
 */
export function compareInput(type: GraphQLInputObjectType, schema: z.ZodType): string[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return compareObject(type.name, type, json);
}

function compareObject(path: string, type: GraphQLInputObjectType, schema: JsonSchema): string[] {
  if (schema.type !== 'object') return [`${path}: the operation takes ${schema.type ?? 'something else'}`];
  const fields = type.getFields();
  const known = schema.properties ?? {};
  const isStrict = schema.additionalProperties === false;
  return [
    ...(isStrict ? [] : [`${path}: the operation's schema is not strict`]),
    ...Object.keys(known)
      .filter((key) => !(key in fields))
      .map((key) => `${path}.${key}: the SDL does not have it`),
    ...Object.values(fields).flatMap((field) => {
      const property = known[field.name];
      if (!property) return [`${path}.${field.name}: the operation does not know it`];
      const isRequired = schema.required?.includes(field.name) ?? false;
      return compareField(`${path}.${field.name}`, field, property, isRequired);
    }),
  ];
}

function compareField(path: string, field: GraphQLInputField, schema: JsonSchema, isRequired: boolean) {
  const hasDefault = field.defaultValue !== undefined;
  const mayBeAbsent = hasDefault || !isNonNullType(field.type);
  const differences: string[] = [];
  if (mayBeAbsent === isRequired) {
    differences.push(
      `${path}: the SDL ${mayBeAbsent ? 'lets it be absent' : 'requires it'}, the operation does not`,
    );
  }
  if (JSON.stringify(field.defaultValue) !== JSON.stringify(schema.default)) {
    const [sdl, operation] = [JSON.stringify(field.defaultValue), JSON.stringify(schema.default)];
    differences.push(`${path}: the SDL's default is ${sdl}, the operation's is ${operation}`);
  }
  const refusesNull = !isNonNullType(field.type) && !hasDefault && !isNullable(schema);
  if (refusesNull && !/not null/i.test(field.description ?? '')) {
    differences.push(`${path}: the operation refuses null, and the description does not say so ("not null")`);
  }
  return [...differences, ...compareType(path, field.type, schema)];
}

const isNullable = ({ anyOf, type }: JsonSchema): boolean =>
  [type].flat().includes('null') || (anyOf?.some(isNullable) ?? false);

/** The schema of a value that is there. */
function withoutNull(schema: JsonSchema): JsonSchema {
  const others = schema.anyOf?.filter((each) => each.type !== 'null');
  if (others?.length === 1) return withoutNull(others[0]!);
  if (!Array.isArray(schema.type)) return schema;
  const types = schema.type.filter((type) => type !== 'null');
  return {
    ...schema,
    type: types.length === 1 ? types[0]! : types,
    ...(schema.enum && { enum: schema.enum.filter((value) => value !== null) }),
  };
}

function compareType(path: string, type: GraphQLInputType, nullableSchema: JsonSchema): string[] {
  const schema = withoutNull(nullableSchema);
  if (isNonNullType(type)) return compareType(path, type.ofType, schema);
  if (isListType(type)) {
    if (schema.type !== 'array' || !schema.items) return [`${path}: the operation does not take a list`];
    return compareType(`${path}[]`, type.ofType, schema.items);
  }
  if (isInputObjectType(type)) return compareObject(path, type, schema);
  if (isEnumType(type)) {
    const sdl = type.getValues().map(({ name }) => name);
    const operation = schema.enum ?? (schema.const === undefined ? [] : [schema.const]);
    return sameMembers(sdl, operation) ? [] : [`${path}: the SDL has ${sdl}, the operation ${operation}`];
  }
  const expected = JSON_TYPES[getNamedType(type).name];
  return schema.type === expected ? [] : [`${path}: the SDL has ${type}, the operation ${schema.type}`];
}

const sameMembers = (some: readonly unknown[], others: readonly unknown[]): boolean =>
  some.length === others.length && some.every((each) => others.includes(each));
