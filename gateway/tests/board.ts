interface BoardEvent {
  __typename: string;
  cursor: string;
  occurredAt: Date;
}

/** Creates a board with its events and their followers. It survives its subgraph, as a database does. */
export function createBoard() {
  const events: BoardEvent[] = [];
  const wakes = new Set<() => void>();
  const cursorAt = (position: number) => `cursor-${position}`;

  const happen = (typename: string, fields: object) => {
    const event = {
      __typename: typename,
      cursor: cursorAt(events.length + 1),
      occurredAt: new Date(),
      ...fields,
    };
    events.push(event);
    for (const wake of wakes) wake();
    return event.cursor;
  };

  return {
    /** Changes a task. Returns the cursor of the event. */
    change: (id: string, task: { title?: string; project?: { id: string } } = {}) =>
      happen('TaskChanged', {
        task: { id, title: `Task ${id}`, project: { id: 'p1' }, ...task },
        changedFields: ['title'],
      }),
    /** Adds an event that the subgraph cannot resolve. */
    fail: () => happen('TaskChanged', { task: null, changedFields: null }),
    /** The number of present followers. */
    followers: () => wakes.size,

    /** Follows as a subgraph does: the events after the cursor, `StreamCaughtUp`, then live events. */
    follow(after: string | null | undefined): AsyncIterableIterator<BoardEvent> {
      let position = after ? Number(after.replace('cursor-', '')) : events.length;
      let isCaughtUp = false;
      let sleeper: (() => void) | null = null;
      let isOver = false;
      const wake = () => {
        sleeper?.();
        sleeper = null;
      };
      wakes.add(wake);
      const leave = async () => {
        isOver = true;
        wakes.delete(wake);
        wake();
        return { done: true, value: undefined } as const;
      };
      const iterator: AsyncIterableIterator<BoardEvent> = {
        async next() {
          while (!isOver) {
            const event = events[position];
            if (event) {
              position += 1;
              return { done: false, value: event };
            }
            if (!isCaughtUp) {
              isCaughtUp = true;
              const cursor = cursorAt(position);
              return { done: false, value: { __typename: 'StreamCaughtUp', cursor, occurredAt: new Date() } };
            }
            await new Promise<void>((resolve) => {
              sleeper = resolve;
            });
          }
          return { done: true, value: undefined };
        },
        return: leave,
        throw: leave,
        [Symbol.asyncIterator]: () => iterator,
      };
      return iterator;
    },
  };
}
