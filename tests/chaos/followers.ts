import { until } from '../../platform/testing/wait.ts';
import { AgentChanged, RunChanged } from '../../schema/events/agents.ts';
import { projectStream } from '../../schema/events/event.ts';
import { CommentAdded, TaskChanged, TaskRemoved } from '../../schema/events/tasks.ts';
import { FOLLOW_AGENTS, FOLLOW_BOARD, FOLLOW_RUN } from './documents.ts';
import { type Follower, type FollowOptions, follow } from './follower.ts';
import type { Followed } from './history.ts';

const BOARD_FOLLOWERS = 8;
const AGENTS_FOLLOWERS = 6;
const RUN_FOLLOWERS = 6;
export const FOLLOWER_COUNT = BOARD_FOLLOWERS + AGENTS_FOLLOWERS + RUN_FOLLOWERS;

const BOARD_TYPES = [TaskChanged, TaskRemoved, CommentAdded].map(({ type }) => type);

const LIVE_TIMEOUT_MS = 30_000;
/** After the last event only a lost doorbell message can delay an event, and sweeps find it within seconds. */
const LAST_EVENT_TIMEOUT_MS = 20_000;

/** The followers of a scenario: some follow the board, some the agents, and some one run after another. */
export interface Followers {
  /** Cuts the connection of a follower. `number` is less than FOLLOWER_COUNT. */
  disconnect(number: number): void;
  /** A follower whose run has ended follows this run. Does nothing when there is no such follower. */
  followRun(run: { id: string; cursor: string }): void;
  /** Waits until all followers have received the last event, and ends them. `after`: a cursor shortly before the end. */
  finish(after: string | null): Promise<{ followed: Followed[]; head: number }>;
}

/** Starts the followers. Returns when all followers of the project are live. */
export async function startFollowers(url: string, projectId: string): Promise<Followers> {
  const stream = projectStream(projectId);
  const projectFollowers = [
    ...Array.from({ length: BOARD_FOLLOWERS }, (_, n) =>
      follow(url, boardOptions(projectId, `board follower ${n + 1}`)),
    ),
    ...Array.from({ length: AGENTS_FOLLOWERS }, (_, n) =>
      follow(url, agentsOptions(projectId, `agents follower ${n + 1}`)),
    ),
  ];
  const runFollowers: (Follower | null)[] = Array.from({ length: RUN_FOLLOWERS }, () => null);
  const endedFollowers: Follower[] = [];
  await until(
    'all followers are live',
    () => projectFollowers.every(({ followed }) => followed()),
    LIVE_TIMEOUT_MS,
  );
  return {
    disconnect: (number) => [...projectFollowers, ...runFollowers][number]?.disconnect(),
    followRun({ id, cursor }) {
      const free = runFollowers.findIndex((follower) => follower === null || follower.isOver());
      if (free < 0) return;
      if (runFollowers[free]) endedFollowers.push(runFollowers[free]);
      const followed = { name: `follower of run ${id}`, stream, subject: id, types: [RunChanged.type] };
      runFollowers[free] = follow(url, { document: FOLLOW_RUN, id, after: cursor, followed });
    },
    async finish(after) {
      const allRunFollowers = [...endedFollowers, ...runFollowers.flatMap((follower) => follower ?? [])];
      const late = [
        follow(url, boardOptions(projectId, 'late board follower', after)),
        follow(url, agentsOptions(projectId, 'late agents follower', after)),
      ] as const;
      const head = await waitForEnd(projectFollowers, allRunFollowers, late);
      const all = [...projectFollowers, ...allRunFollowers, ...late];
      await Promise.all(all.map((each) => each.end()));
      return { followed: all.flatMap((each) => each.followed() ?? []), head };
    },
  };
}

const boardOptions = (projectId: string, name: string, after: string | null = null): FollowOptions => ({
  document: FOLLOW_BOARD,
  id: projectId,
  after,
  followed: { name, stream: projectStream(projectId), subject: null, types: BOARD_TYPES },
});

const agentsOptions = (projectId: string, name: string, after: string | null = null): FollowOptions => ({
  document: FOLLOW_AGENTS,
  id: projectId,
  after,
  followed: { name, stream: projectStream(projectId), subject: null, types: [AgentChanged.type] },
});

/**
 * Waits until every follower has received as many events as the late followers, for LAST_EVENT_TIMEOUT_MS at most. The
 * checker reports the followers that have not. Returns the position of the end.
 */
async function waitForEnd(
  projectFollowers: readonly Follower[],
  runFollowers: readonly Follower[],
  [lateAtBoard, lateAtAgents]: readonly [Follower, Follower],
): Promise<number> {
  const caughtUp = (late: Follower) =>
    until('the late follower has caught up', () => late.caughtUpAt(), LIVE_TIMEOUT_MS);
  const head = await caughtUp(lateAtBoard);
  await caughtUp(lateAtAgents);
  const lastOf = (follower: Follower) => follower.followed()?.seqs.at(-1) ?? 0;
  const hasReceivedAll = (each: Follower, index: number) =>
    lastOf(each) >= lastOf(index < BOARD_FOLLOWERS ? lateAtBoard : lateAtAgents);
  await until(
    'all followers have received the last event',
    () => projectFollowers.every(hasReceivedAll) && runFollowers.every(({ isOver }) => isOver()),
    LAST_EVENT_TIMEOUT_MS,
  ).catch(() => undefined);
  return head;
}
