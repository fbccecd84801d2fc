export interface FairQueueOptions {
  /** How many tasks run at a time. */
  runningMax: number;
  /** How many of them may be patient ones, so that places are left for urgent ones. All by default. */
  patientMax?: number;
  /** How many tasks of one owner run at a time. All by default. */
  perOwnerMax?: number;
  /** How many tasks may wait. Without it any number may. */
  waitingMax?: number;
}

/** Who asks for a place, and how it waits. */
export interface Turn {
  /** Whose task it is. Owners get places in turn, however many tasks each of them has. */
  owner: string;
  /** An urgent task comes before all patient ones. Tasks are patient unless they say so. */
  isUrgent?: boolean;
  /** Gives the wait up. A task that runs is not stopped. */
  signal?: AbortSignal;
}

/** Shares a number of places fairly between owners. */
export interface FairQueue {
  /** Waits for a place. Returns the function that gives it back. Throws QueueFull, and the reason of an aborted signal. */
  enter(turn: Turn): Promise<() => void>;
  /** Runs a task as soon as there is a place for it, and returns its result. Throws what `enter` and the task throw. */
  run<Result>(turn: Turn, task: () => Promise<Result>): Promise<Result>;
  /** How many tasks wait. */
  readonly waiting: number;
}

/** More tasks wait than may. */
export class QueueFull extends Error {
  constructor() {
    super('The queue is full');
    this.name = 'QueueFull';
  }
}

interface Waiter {
  readonly turn: Turn;
  readonly admit: () => void;
}

/** The waiters of one urgency by their owner, in the order in which the owners get their turns. */
type Lane = Map<string, Waiter[]>;

/** Creates a queue. Within one owner and one urgency, tasks run in the order in which they came. */
export function createFairQueue(options: FairQueueOptions): FairQueue {
  const { runningMax, patientMax = runningMax, perOwnerMax = runningMax, waitingMax = Infinity } = options;
  const lanes = { urgent: new Map() as Lane, patient: new Map() as Lane };
  const runningOf = new Map<string, number>();
  const running = { all: 0, patient: 0 };
  let waiting = 0;

  const count = ({ owner, isUrgent }: Turn, change: 1 | -1) => {
    running.all += change;
    if (!isUrgent) running.patient += change;
    const own = (runningOf.get(owner) ?? 0) + change;
    if (own > 0) runningOf.set(owner, own);
    else runningOf.delete(owner);
  };
  const laneOf = ({ isUrgent }: Turn) => (isUrgent ? lanes.urgent : lanes.patient);

  const remove = (waiter: Waiter) => {
    const lane = laneOf(waiter.turn);
    const own = lane.get(waiter.turn.owner)!;
    own.splice(own.indexOf(waiter), 1);
    lane.delete(waiter.turn.owner);
    if (own.length > 0) lane.set(waiter.turn.owner, own); // behind all other owners
    waiting -= 1;
  };
  const findNext = (): Waiter | undefined => {
    for (const lane of [lanes.urgent, lanes.patient]) {
      if (lane === lanes.patient && running.patient >= patientMax) return undefined;
      for (const [owner, [first]] of lane) if ((runningOf.get(owner) ?? 0) < perOwnerMax) return first;
    }
    return undefined;
  };
  const admitWaiters = () => {
    while (running.all < runningMax) {
      const next = findNext();
      if (!next) return;
      remove(next);
      count(next.turn, 1);
      next.admit();
    }
  };

  const enter = async (turn: Turn): Promise<() => void> => {
    turn.signal?.throwIfAborted();
    const place = Promise.withResolvers<void>();
    const waiter = { turn, admit: place.resolve };
    const lane = laneOf(turn);
    const own = lane.get(turn.owner);
    if (own) own.push(waiter);
    else lane.set(turn.owner, [waiter]);
    waiting += 1;
    admitWaiters();
    const giveUp = () => {
      if (!lane.get(turn.owner)?.includes(waiter)) return; // it has its place
      remove(waiter);
      place.reject(turn.signal?.reason);
    };
    if (waiting > waitingMax) {
      remove(waiter);
      throw new QueueFull();
    }
    turn.signal?.addEventListener('abort', giveUp, { once: true });
    try {
      await place.promise;
    } finally {
      turn.signal?.removeEventListener('abort', giveUp);
    }
    return once(() => {
      count(turn, -1);
      admitWaiters();
    });
  };

  return {
    enter,
    async run(turn, task) {
      const leave = await enter(turn);
      try {
        return await task();
      } finally {
        leave();
      }
    },
    get waiting() {
      return waiting;
    },
  };
}

/** A function that does its work at its first call only. */
function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}
