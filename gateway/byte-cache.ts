/** Keeps the values used last, up to a number of bytes. */
export interface ByteCache<Value> {
  /** Returns the value and notes its use. */
  get(key: string): Value | undefined;
  /** Keeps a value, and drops those used least recently for it. A value larger than the cache is not kept. */
  set(key: string, value: Value, bytes: number): void;
  /** The bytes of all values that are kept, as their callers estimated them. */
  readonly bytes: number;
}

/** Creates an empty cache of at most `bytesMax` bytes. */
export function createByteCache<Value>(bytesMax: number): ByteCache<Value> {
  // A Map keeps the order of its insertions, and a use inserts anew: the first entry is the least recently used.
  const entries = new Map<string, { value: Value; bytes: number }>();
  let total = 0;

  const remove = (key: string) => {
    total -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };

  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, bytes) {
      remove(key);
      if (bytes > bytesMax) return;
      entries.set(key, { value, bytes });
      total += bytes;
      for (const oldest of entries.keys()) {
        if (total <= bytesMax) break;
        remove(oldest);
      }
    },
    get bytes() {
      return total;
    },
  };
}
