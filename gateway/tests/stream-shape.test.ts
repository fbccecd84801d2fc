import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { buildSchema, getNamedType, isInterfaceType } from 'graphql';
import { API_FILE } from '../../schema/compose.ts';

const api = buildSchema(readFileSync(API_FILE, 'utf8'));

describe('what resuming a stream relies on', () => {
  test.each(
    Object.values(api.getSubscriptionType()?.getFields() ?? {}).map((field) => [field.name, field] as const),
  )('%s takes the argument `after`, and its events have a `cursor`', (_name, { args, type }) => {
    const event = getNamedType(type);

    expect(args.map(({ name, type }) => `${name}: ${type}`)).toContain('after: EventCursor');
    expect(isInterfaceType(event) && String(event.getFields()['cursor']?.type)).toBe('EventCursor!');
  });
});
