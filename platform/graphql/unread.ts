/** What holds bytes that its peer has not read. */
export interface Backlog {
  /** Returns the bytes that wait for the peer. */
  unreadBytes(): number;
  /** Drops the peer and what waits for it. */
  terminate(): void;
}

/** The most unread bytes: of one socket, of all sockets of one owner, and of all sockets. */
export interface UnreadBounds {
  readonly socket: number;
  readonly owner: number;
  readonly all: number;
}

/** The unread bytes of the sockets of a server. */
export interface UnreadLedger {
  /** Opens the account of a socket. `owner` is who has signed in on it; undefined before that. */
  open(socket: Backlog, owner: () => string | undefined): UnreadAccount;
  /** The unread bytes of all sockets. */
  readonly bytes: number;
}

export interface UnreadAccount {
  /** Counts anew what waits for the socket. Beyond a bound the socket that holds most is dropped, which may be another. */
  update(): void;
  close(): void;
}

interface Entry {
  readonly socket: Backlog;
  readonly owner: () => string | undefined;
  /** The owner under whom `bytes` are counted. */
  countedFor: string | undefined;
  bytes: number;
}

/**
 * Creates a ledger that bounds what peers leave unread, so that any number of peers that read nothing cannot fill the
 * memory of the process. Sockets on which nobody has signed in share one bound as if they had one owner.
 */
export function createUnreadLedger(bounds: UnreadBounds): UnreadLedger {
  const entries = new Set<Entry>();
  const owners = new Map<string | undefined, number>();
  let all = 0;

  const add = (owner: string | undefined, bytes: number) => {
    all += bytes;
    const total = (owners.get(owner) ?? 0) + bytes;
    if (total > 0) owners.set(owner, total);
    else owners.delete(owner);
  };
  const count = (entry: Entry, bytes: number) => {
    add(entry.countedFor, -entry.bytes);
    entry.countedFor = entry.owner();
    entry.bytes = bytes;
    add(entry.countedFor, bytes);
  };
  const remove = (entry: Entry) => {
    if (entries.delete(entry)) add(entry.countedFor, -entry.bytes);
  };
  const dropLargest = (among: readonly Entry[]) => {
    const largest = among.reduce((most, entry) => (entry.bytes > most.bytes ? entry : most));
    remove(largest);
    largest.socket.terminate();
  };

  const update = (entry: Entry) => {
    if (!entries.has(entry)) return;
    count(entry, entry.socket.unreadBytes());
    if (entry.bytes > bounds.socket) dropLargest([entry]);
    else if ((owners.get(entry.countedFor) ?? 0) > bounds.owner)
      dropLargest([...entries].filter(({ countedFor }) => countedFor === entry.countedFor));
    else if (all > bounds.all) dropLargest([...entries]);
  };

  return {
    open(socket, owner) {
      const entry: Entry = { socket, owner, countedFor: undefined, bytes: 0 };
      entries.add(entry);
      return { update: () => update(entry), close: () => remove(entry) };
    },
    get bytes() {
      return all;
    },
  };
}
