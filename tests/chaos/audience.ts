import { until } from '../../platform/testing/wait.ts';
import { AgentChanged, RunChanged } from '../../schema/events/agents.ts';
import { projectStream } from '../../schema/events/event.ts';
import { CommentAdded, TaskChanged, TaskRemoved } from '../../schema/events/tasks.ts';
import { FOLLOW_AGENTS, FOLLOW_BOARD, FOLLOW_RUN } from './documents.ts';
import { type Follower, follow, type Subject } from './follower.ts';
import type { Followed } from './history.ts';

const OF_BOARD = 8;
const OF_AGENTS = 6;
const OF_RUNS = 6;
export const FOLLOWERS = OF_BOARD + OF_AGENTS + OF_RUNS;

const BOARD_TYPES = [TaskChanged, TaskRemoved, CommentAdded].map(({ type }) => type);

const LIVE_WITHIN_MS = 30_000;
/** After the last event nothing but a lost hint can make an event late, and sweeps find it in seconds. */
const LAST_EVENT_WITHIN_MS = 20_000;

/** Everybody who watches the storm: the board, the agents, and runs, one after the other. */
export interface Audience {
  /** Cuts the connection of a follower; its number is less than FOLLOWERS. */
  drop(number: number): void;
  /** Somebody whose last run is over follows this one. */
  offer(run: { id: string; cursor: string }): void;
  /** Waits until all have seen the end, and sends them home. `after` is a position shortly before the end. */
  finish(after: string | null): Promise<{ followed: Followed[]; head: number }>;
}

/** Seats the audience; returns when everybody who watches the project is live. */
export async function seatAudience(url: string, projectId: string): Promise<Audience> {
  const stream = projectStream(projectId);
  const watchers = [
    ...Array.from({ length: OF_BOARD }, (_, n) => follow(url, board(projectId, `board follower ${n + 1}`))),
    ...Array.from({ length: OF_AGENTS }, (_, n) =>
      follow(url, agents(projectId, `agents follower ${n + 1}`)),
    ),
  ];
  const seats: (Follower | null)[] = Array.from({ length: OF_RUNS }, () => null);
  const left: Follower[] = [];
  await until('everybody follows', () => watchers.every(({ followed }) => followed()), LIVE_WITHIN_MS);
  return {
    drop: (number) => [...watchers, ...seats][number]?.drop(),
    offer({ id, cursor }) {
      const free = seats.findIndex((seat) => seat === null || seat.isOver());
      if (free < 0) return;
      if (seats[free]) left.push(seats[free]);
      const followed = { name: `follower of run ${id}`, stream, subject: id, types: [RunChanged.type] };
      seats[free] = follow(url, { document: FOLLOW_RUN, id, after: cursor, followed });
    },
    async finish(after) {
      const ofRuns = [...left, ...seats.flatMap((seat) => seat ?? [])];
      const late = [
        follow(url, board(projectId, 'late board follower', after)),
        follow(url, agents(projectId, 'late agents follower', after)),
      ] as const;
      const head = await seeTheEnd(watchers, ofRuns, late);
      const all = [...watchers, ...ofRuns, ...late];
      await Promise.all(all.map((each) => each.end()));
      return { followed: all.flatMap((each) => each.followed() ?? []), head };
    },
  };
}

const board = (projectId: string, name: string, after: string | null = null): Subject => ({
  document: FOLLOW_BOARD,
  id: projectId,
  after,
  followed: { name, stream: projectStream(projectId), subject: null, types: BOARD_TYPES },
});

const agents = (projectId: string, name: string, after: string | null = null): Subject => ({
  document: FOLLOW_AGENTS,
  id: projectId,
  after,
  followed: { name, stream: projectStream(projectId), subject: null, types: [AgentChanged.type] },
});

/**
 * Waits until everybody has seen as much as those who came late, or for a while: who has not seen it by then is for the
 * checker to name. Returns the position that is the end.
 */
async function seeTheEnd(
  watchers: readonly Follower[],
  ofRuns: readonly Follower[],
  [lateAtBoard, lateAtAgents]: readonly [Follower, Follower],
): Promise<number> {
  const caughtUp = (late: Follower) =>
    until('who came late has caught up', () => late.caughtUpAt(), LIVE_WITHIN_MS);
  const head = await caughtUp(lateAtBoard);
  await caughtUp(lateAtAgents);
  const lastOf = (follower: Follower) => follower.followed()?.seqs.at(-1) ?? 0;
  const hasSeenAll = (each: Follower, index: number) =>
    lastOf(each) >= lastOf(index < OF_BOARD ? lateAtBoard : lateAtAgents);
  await until(
    'everybody has seen the end',
    () => watchers.every(hasSeenAll) && ofRuns.every(({ isOver }) => isOver()),
    LAST_EVENT_WITHIN_MS,
  ).catch(() => undefined);
  return head;
}
