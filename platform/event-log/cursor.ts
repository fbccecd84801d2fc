import { z } from 'zod';
import { DomainError } from '../input/errors.ts';

const Position = z.tuple([z.string(), z.int().min(0)]);

/** Encodes a position in a stream for clients. */
export const encodeCursor = (stream: string, seq: number): string =>
  Buffer.from(JSON.stringify([stream, seq])).toString('base64url');

/** Decodes a client's cursor. Throws INVALID for a cursor of another stream, and for a text that is no cursor. */
export function decodeCursor(stream: string, cursor: string): number {
  try {
    const [of, seq] = Position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    if (of === stream) return seq;
  } catch {
    // A text that cannot be decoded gets the same answer as a cursor of another stream.
  }
  throw new DomainError('INVALID', '`after` is not a cursor of this subscription', { field: ['after'] });
}
