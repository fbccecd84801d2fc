import { describe, expect, test } from '@jest/globals';
import { readBounded } from '../process/bounded-read.ts';

/** A body in chunks, which notes how many were read and whether it was closed. */
function body(...texts: string[]) {
  const state = { chunksRead: 0, isClosed: false };
  async function* stream() {
    try {
      for (const text of texts) {
        state.chunksRead += 1;
        yield Buffer.from(text);
      }
    } finally {
      state.isClosed = true;
    }
  }
  return { stream: stream(), state };
}

describe('a bounded read', () => {
  test('returns a body within its bound whole', async () => {
    const { bytes, isCut } = await readBounded(body('one', 'two').stream, 6);

    expect({ text: bytes.toString(), isCut }).toEqual({ text: 'onetwo', isCut: false });
  });

  test('cuts a longer body, fetches no more of it and closes its stream', async () => {
    const { stream, state } = body('one', 'two', 'three', 'four');

    const { bytes, isCut } = await readBounded(stream, 5);

    expect({ text: bytes.toString(), isCut }).toEqual({ text: 'onetw', isCut: true });
    expect(state).toEqual({ chunksRead: 2, isClosed: true });
  });

  test.each([null, undefined, body().stream])('of no body is empty', async (chunks) => {
    const { bytes, isCut } = await readBounded(chunks, 5);

    expect({ length: bytes.length, isCut }).toEqual({ length: 0, isCut: false });
  });

  test('throws the error of the body', async () => {
    // biome-ignore lint/correctness/useYield: a stream that fails before its first chunk
    async function* failing(): AsyncGenerator<Uint8Array> {
      throw new Error('the connection was lost');
    }

    await expect(readBounded(failing(), 5)).rejects.toThrow('the connection was lost');
  });
});
