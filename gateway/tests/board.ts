/** A board of tests: what happened on it, in order, and who follows it. It outlives its subgraph, as rows do. */
export type Board = ReturnType<typeof createBoard>;

interface BoardEvent {
  __typename: string;
  cursor: string;
  occurredAt: Date;
}

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
    /** A task was changed; gives the cursor of the event. */
    change: (id: string, task: { title?: string; project?: { id: string } } = {}) =>
      happen('TaskChanged', {
        task: { id, title: `Task ${id}`, project: { id: 'p1' }, ...task },
        changedFields: ['title'],
      }),
    /** Something happened that the subgraph fails to tell. */
    fail: () => happen('TaskChanged', { task: null, changedFields: null }),
    /** How many follow now. */
    followers: () => wakes.size,

    /** As a subgraph does: what came after the cursor, "caught up", and then live. */
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
