import {
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isUnionType,
  type OperationTypeNode,
} from 'graphql';

/** A source of numbers from 0 to below `below`, the same for the same seed. */
export type Random = (below: number) => number;

/** Creates a source of numbers: mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Names that gateways have mistaken for their own. */
const ALIASES = [
  'id',
  '__typename',
  'key',
  'a',
  'b',
  'client_id',
  'name__alias_0',
  'constructor',
  '_entities',
];
const DEPTH_MAX = 5;

/** Makes a document that fits the schema. Some are invalid, because fields with the same name can differ. */
export function randomDocument(schema: GraphQLSchema, kind: OperationTypeNode, random: Random): string {
  const variables = new Map<string, string>();
  const fragments: string[] = [];
  let aliases = 0;
  const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)]!;

  const literal = (type: GraphQLInputType): string => {
    if (isNonNullType(type)) return literal(type.ofType);
    if (isListType(type)) return `[${literal(type.ofType)}]`;
    if (isEnumType(type)) return pick(type.getValues()).name;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter(
        (field) => (isNonNullType(field.type) && field.defaultValue === undefined) || random(4) === 0,
      );
      return `{${fields.map((field) => `${field.name}: ${literal(field.type)}`).join(', ')}}`;
    }
    if (type.name === 'Int') return String(1 + random(3));
    if (type.name === 'Boolean') return pick(['true', 'false']);
    return `"${random(1000)}"`;
  };
  const argument = ({ name, type }: GraphQLArgument): string => {
    if (random(3) > 0) return `${name}: ${literal(type)}`;
    const variable = pick([`v${variables.size}`, `v${variables.size}`, 'representations']);
    if (variables.has(variable)) return `${name}: ${literal(type)}`;
    const isStrict = isNonNullType(type);
    variables.set(variable, isStrict ? `${type.ofType} = ${literal(type)}` : String(type));
    return `${name}: $${variable}`;
  };
  const condition = (): string => {
    if (random(6) > 0) return '';
    const value = pick(['true', 'false', '$yes', '$no']);
    if (value.startsWith('$')) variables.set(value.slice(1), `Boolean = ${value === '$yes'}`);
    return ` @${pick(['include', 'skip'])}(if: ${value})`;
  };

  const field = (type: GraphQLCompositeType, depth: number): string => {
    const fields = isUnionType(type) ? [] : Object.values(type.getFields());
    const fitting = fields.filter((each) => depth < DEPTH_MAX || !isCompositeType(getNamedType(each.type)));
    if (fitting.length === 0 || random(8) === 0) return '__typename';
    const { name, args, type: returned } = pick(fitting);
    const given = args.filter(
      (each) => (isNonNullType(each.type) && each.defaultValue === undefined) || random(3) === 0,
    );
    const alias = aliases < 12 && random(5) === 0 ? `${pick(ALIASES)}: ` : '';
    if (alias) aliases += 1;
    const named = getNamedType(returned);
    const below = isCompositeType(named) ? ` ${selections(named, depth + 1)}` : '';
    return `${alias}${name}${given.length > 0 ? `(${given.map(argument).join(', ')})` : ''}${condition()}${below}`;
  };
  const selection = (type: GraphQLCompositeType, depth: number): string => {
    if (random(5) > 0) return field(type, depth);
    const objects =
      'getInterfaces' in type || isUnionType(type) ? schema.getPossibleTypes(type as never) : [];
    const fitting = Object.values(schema.getTypeMap()).filter(
      (each): each is GraphQLCompositeType =>
        isCompositeType(each) &&
        (each === type ||
          ('getInterfaces' in type && type.getInterfaces().includes(each as never)) ||
          objects.some((object) => object === each || object.getInterfaces().includes(each as never))),
    );
    const inner = pick(fitting);
    if (random(3) > 0) return `... on ${inner.name}${condition()} ${selections(inner, depth)}`;
    const name = `F${fragments.length}`;
    const index = fragments.push('') - 1;
    fragments[index] = `fragment ${name} on ${inner.name} ${selections(inner, depth)}`;
    return `...${name}${condition()}`;
  };
  const selections = (type: GraphQLCompositeType, depth: number): string =>
    `{ ${Array.from({ length: 1 + random(4) }, () => selection(type, depth)).join(' ')} }`;

  const root = schema.getRootType(kind)!;
  const body =
    kind === 'subscription'
      ? `{ ${field(root, 0).replace(/ @(include|skip)\([^)]*\)/, '')} }`
      : `{ ${Array.from({ length: 1 + random(3) }, () => selection(root, 0)).join(' ')} }`;
  const definitions = [...variables].map(([name, type]) => `$${name}: ${type}`);
  return `${kind} Q${definitions.length > 0 ? `(${definitions.join(', ')})` : ''} ${body} ${fragments.join(' ')}`;
}

/** Damages a text at a few places. */
export function damage(text: string, random: Random): string {
  const insertions = [
    '{',
    '}',
    '(',
    '$',
    '...',
    '"',
    '!',
    '@skip',
    ' null ',
    '\\',
    '\u0000',
    '😀',
    'x'.repeat(300),
    '1e999',
    ' on ',
  ];
  let damaged = text;
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(damaged.length + 1);
    const cut = random(2) * random(8);
    const insertion = random(2) === 0 ? insertions[random(insertions.length)]! : '';
    damaged = damaged.slice(0, at) + insertion + damaged.slice(at + cut);
  }
  return damaged;
}
