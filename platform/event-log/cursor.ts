import { z } from 'zod';
import { DomainError } from '../input/errors.ts';

const Position = z.tuple([z.string(), z.int().min(0)]);

/** A position in a stream, as clients hold it. */
export const encodeCursor = (stream: string, seq: number): string =>
  Buffer.from(JSON.stringify([stream, seq])).toString('base64url');

/** Throws INVALID for a cursor that this system did not make, or made for another stream. */
export function decodeCursor(stream: string, cursor: string): number {
  try {
    const [of, seq] = Position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    if (of === stream) return seq;
  } catch {
    // falls through to the one answer for everything that is not a cursor of this stream
  }
  throw new DomainError('INVALID', '`after` is not a cursor of this subscription', { field: ['after'] });
}
