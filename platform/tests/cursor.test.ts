import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from '../event-log/cursor.ts';

const INVALID = expect.objectContaining({ code: 'INVALID', field: ['after'] });
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a cursor is decoded to its position, in a stream of any name', () => {
  fc.assert(
    fc.property(fc.string(), fc.maxSafeNat(), (stream, seq) => {
      expect(decodeCursor(stream, encodeCursor(stream, seq))).toBe(seq);
    }),
  );
});

test.each([
  ['of another stream', encodeCursor('project:b', 1)],
  ['that is nonsense', 'garbage'],
  ['that is empty', ''],
  ['with a negative position', encode(['project:a', -1])],
  ['with a broken position', encode(['project:a', 1.5])],
  ['with a position too large to count', encode(['project:a', 2 ** 60])],
  ['with text for a position', encode(['project:a', '1'])],
  ['with more than a position', encode(['project:a', 1, 2])],
  ['of another shape', encode({ stream: 'project:a', seq: 1 })],
])('a cursor %s is INVALID', (_what, cursor) => {
  expect(() => decodeCursor('project:a', cursor)).toThrow(INVALID);
});

test('every text that is no cursor is INVALID', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(() => decodeCursor('project:a', text)).toThrow(INVALID);
    }),
  );
});
