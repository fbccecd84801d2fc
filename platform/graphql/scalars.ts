import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars';
import { DomainError } from '../input/errors.ts';

const cursorText = (value: unknown): string => {
  if (typeof value === 'string') return value;
  throw new DomainError('INVALID', 'An EventCursor is the text of the `cursor` field of an event');
};

/** The resolvers of the scalars that all subgraphs share. */
export const SCALARS = {
  DateTime: GraphQLDateTime,
  SafeInt: GraphQLSafeInt,
  EventCursor: new GraphQLScalarType({ name: 'EventCursor', serialize: cursorText, parseValue: cursorText }),
};
