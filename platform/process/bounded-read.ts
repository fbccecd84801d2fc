/** The bytes of a body, up to a bound. */
export interface BoundedRead {
  readonly bytes: Buffer;
  /** The body is longer than the bound; `bytes` holds its beginning. */
  readonly isCut: boolean;
}

/**
 * Reads at most `bytesMax` bytes of a body. A longer body is cut: the rest is not fetched and its stream is closed.
 *
 * A missing body is empty. Throws what the body throws, such as the error of a lost connection.
 */
export async function readBounded(
  chunks: AsyncIterable<Uint8Array> | null | undefined,
  bytesMax: number,
): Promise<BoundedRead> {
  const read: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks ?? []) {
    read.push(chunk);
    length += chunk.byteLength;
    if (length > bytesMax) break; // closes the stream
  }
  return { bytes: Buffer.concat(read, Math.min(length, bytesMax)), isCut: length > bytesMax };
}
