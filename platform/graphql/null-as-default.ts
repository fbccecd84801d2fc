import {
  defaultFieldResolver,
  type GraphQLInputType,
  type GraphQLSchema,
  getNullableType,
  isInputObjectType,
  isListType,
  isObjectType,
} from 'graphql';

/** An argument of a field, or a field of an input object. */
interface InputValue {
  readonly name: string;
  readonly type: GraphQLInputType;
  readonly defaultValue?: unknown;
}

/**
 * Makes null the same as an absent value wherever an argument or a field of an input has a default: forms send null for
 * what nobody has chosen. Returns the schema, whose resolvers then never see such a null.
 */
export function takeNullAsDefault(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
    for (const field of Object.values(type.getFields())) {
      if (!haveDefaults(field.args)) continue;
      const { args, resolve = defaultFieldResolver } = field;
      field.resolve = (source, values, context, info) =>
        resolve(source, withDefaults(args, values), context, info);
    }
  }
  return schema;
}

/** Whether one of the values, or a value within them, has a default. */
function haveDefaults(values: readonly InputValue[], seen: readonly unknown[] = []): boolean {
  return values.some(({ type, defaultValue }) => {
    if (defaultValue !== undefined) return true;
    const inner = itemType(type);
    if (!isInputObjectType(inner) || seen.includes(inner)) return false;
    return haveDefaults(Object.values(inner.getFields()), [...seen, inner]);
  });
}

/** The type of the items of a list, or of lists of lists; another type itself. */
function itemType(type: GraphQLInputType): GraphQLInputType {
  const nullable = getNullableType(type);
  return isListType(nullable) ? itemType(nullable.ofType) : nullable;
}

const withDefaults = (expected: readonly InputValue[], given: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const { type, defaultValue } = expected.find((each) => each.name === name)!;
      if (value === null) return [name, defaultValue === undefined ? null : defaultValue];
      return [name, within(type, value)];
    }),
  );

function within(type: GraphQLInputType, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => within(type, item));
  const inner = itemType(type);
  if (!isInputObjectType(inner) || typeof value !== 'object' || value === null) return value;
  return withDefaults(Object.values(inner.getFields()), value as Record<string, unknown>);
}
