import { setTimeout as pause } from 'node:timers/promises';
import { TEST_REDIS_URL } from '../../platform/testing/infrastructure.ts';
import { until } from '../../platform/testing/wait.ts';
import { projectStream } from '../../schema/events/event.ts';
import { startSystem } from '../system.ts';
import { type Audience, FOLLOWERS, seatAudience } from './audience.ts';
import * as people from './board.ts';
import { createWeather, type Place, type Weather } from './faults.ts';
import { createForger } from './forger.ts';
import { type History, readRows } from './history.ts';
import { type Action, type Cycle, makePlan, type StormOptions } from './plan.ts';
import { startRelay } from './relay.ts';

/** So many cycles are under way at a time, so that a fault hits more than one thing. */
const CYCLES_AT_A_TIME = 4;
/** Beyond this the storm waits: it is not the length of the queue that is tried here. */
const UNFINISHED_MAX = 40;
/** A system that stays silent this often has come to a stand, and the storm with it. */
const UNANSWERED_MAX = 4;
const LOOK_EVERY_MS = 500;
/** Deadlines, leases, and the 35 s that a run waits between attempts that failed. */
const ENDED_WITHIN_MS = 90_000;
const ON_BOARD_WITHIN_MS = 60_000;

/** Everything is in a hurry, so that minutes hold what else takes hours. */
const SETTINGS = {
  LOG_SWEEP_SECONDS: '1',
  DISPATCH_LEASE_SECONDS: '2',
  DISPATCH_SWEEP_SECONDS: '1',
  RECONCILE_AFTER_SECONDS: '2',
  OPENCLAW_ADMISSION_TIMEOUT_SECONDS: '1',
  OPENCLAW_HEALTH_SECONDS: '1',
  OPENCLAW_RUNS_MAX: '12',
};
const OPENCLAW = { modelRetryMs: 10, timeoutSecondMs: 300, idempotencyEntriesMax: 100_000 };

export interface StormResult {
  history: History;
  /** Faults that were done, by what they are. */
  faults: ReadonlyMap<string, number>;
  mutations: people.Board['insistence']['counts'];
  seconds: number;
  /** What the processes wrote. */
  output: string;
}

interface Storm {
  board: people.Board;
  weather: Weather;
  audience: Audience;
  /** What there was when somebody looked last, half a second ago at most. */
  seen: Awaited<ReturnType<typeof people.lookAtRuns>>;
}

/** Plays a storm from its first cycle to the moment when all is quiet, and returns all that is known of it. */
export async function playStorm(options: StormOptions, say: (line: string) => void): Promise<StormResult> {
  const startedAt = Date.now();
  // A database of Redis for this storm, so that it cuts nobody else's connections.
  const redisUrl = Object.assign(new URL(TEST_REDIS_URL), { pathname: `/${1 + (process.pid % 15)}` });
  const redis = options.form === 'services' ? { REDIS_URL: redisUrl.toString() } : {};
  const system = await startSystem({ ...SETTINGS, ...redis }, options.form, OPENCLAW);
  const relay = await startRelay(`${system.url}/agents/callback`);
  system.simulator.set({ callbackUrl: relay.url });
  try {
    const played = await playOn({ system, relay, redisUrl: redisUrl.toString() }, options, say);
    return { ...played, seconds: Math.round((Date.now() - startedAt) / 1000) };
  } finally {
    await system.close();
    await relay.close();
  }
}

async function playOn(
  { system, relay, redisUrl }: Omit<Place, 'forger'>,
  options: StormOptions,
  say: (line: string) => void,
): Promise<Omit<StormResult, 'seconds'>> {
  const board = await people.openBoard(system.url);
  const audience = await seatAudience(system.url, board.projectId);
  const forger = createForger(`${system.url}/agents/callback`, relay, system.simulator.callbackSecret);
  const weather = createWeather({ system, relay, forger, redisUrl });
  const storm: Storm = { board, weather, audience, seen: { unfinished: [], ended: [] } };

  await playCycles(storm, makePlan(options, FOLLOWERS), say);
  say('the faults are over; waiting until every run has ended');
  const nearTheEnd = await calmDown(storm, options.cycles + 1);
  const watched = await audience.finish(nearTheEnd);
  await system.stop();
  const output = system.output();
  const history: History = {
    ...(await readRows(system)),
    ...watched,
    stream: projectStream(board.projectId),
    acknowledged: board.acknowledged,
    oddities: board.insistence.oddities,
    maxima: board.maxima,
    forgeries: forger.forgeries,
    replays: forger.replays,
    executions: system.simulator.state().runsStarted,
    openClawRestarts: weather.openClawRestarts,
    secretsWritten: system.secrets.filter((secret) => output.includes(secret)).length,
  };
  return { history, faults: weather.counts, mutations: board.insistence.counts, output };
}

async function playCycles(storm: Storm, plan: readonly Cycle[], say: (line: string) => void): Promise<void> {
  const watch = { isOver: false };
  const looking = (async () => {
    while (!watch.isOver) {
      storm.seen = await people.lookAtRuns(storm.board).catch(() => storm.seen);
      await pause(LOOK_EVERY_MS);
    }
  })();
  const waiting = [...plan];
  const { counts } = storm.board.insistence;
  const work = async () => {
    for (let cycle = waiting.shift(); cycle; cycle = waiting.shift()) {
      if (counts.unanswered >= UNANSWERED_MAX)
        return say(`given up before cycle ${cycle.number}: nothing answers`);
      await until('runs end', () => storm.seen.unfinished.length < UNFINISHED_MAX, ENDED_WITHIN_MS);
      await playCycle(storm, cycle);
      if (cycle.number % 50 === 0)
        say(`cycle ${cycle.number}: ${storm.seen.unfinished.length} runs have not ended`);
    }
  };
  try {
    await Promise.all(Array.from({ length: CYCLES_AT_A_TIME }, work));
  } finally {
    watch.isOver = true;
    await looking;
  }
}

async function playCycle(storm: Storm, cycle: Cycle): Promise<void> {
  if (cycle.drops !== null) storm.audience.drop(cycle.drops);
  const striking = cycle.fault ? storm.weather.strike(cycle.fault) : Promise.resolve();
  striking.catch(() => undefined); // it is awaited below; until then a failure of it is not unheard
  const run = await people.startRun(storm.board, cycle);
  if (run) storm.audience.offer(run);
  if (cycle.action) await act(storm, cycle.action, cycle.number);
  await striking;
  await pause(cycle.pauseMs);
}

async function act({ board, seen }: Storm, action: Action, cycle: number): Promise<void> {
  const choose = <T>(list: readonly T[], roll: number) => list[Math.floor(roll * list.length)];
  switch (action.kind) {
    case 'cancel': {
      const run = choose(seen.unfinished, action.roll);
      if (run) await people.cancelRun(board, run.id, action.mode);
      return;
    }
    case 'answer': {
      const run = choose(seen.unfinished.filter(isAsking), action.roll);
      if (run) await people.answerQuestion(board, run);
      return;
    }
    case 'retry': {
      const run = choose(seen.ended, action.roll);
      if (run) await people.retryRun(board, run.id, `retry-${cycle}`);
      return;
    }
    case 'maximum':
      return people.setMaximum(board, board.agentIds[action.agent]!, action.maximum);
    case 'switch': {
      const agentId = board.agentIds[action.agent]!;
      await people.switchAgent(board, agentId, false);
      await pause(action.offMs);
      await people.switchAgent(board, agentId, true);
    }
  }
}

const isAsking = ({ state, question }: people.UnfinishedRun) =>
  state === 'INPUT_REQUIRED' && question !== null && question.answer === null;

/**
 * Takes the faults away, lets every run end, and starts a last one: one stream orders everything, so when its outcome
 * stands on the board, so does everything before it. Returns a position shortly before the end; null when there is none,
 * which the checker hears of.
 */
async function calmDown({ board, weather }: Storm, number: number): Promise<string | null> {
  weather.clear();
  try {
    await letRunsEnd(board);
    const how = { instruction: 'Do it.', whenBusy: 'QUEUE', priority: 'HIGH' } as const;
    const last = await people.startRun(board, { number, agent: 0, ...how });
    if (!last) throw new Error('The last run could not be started');
    await until(
      'the last outcome is on the board',
      () => people.isOnBoard(board, last.id),
      ON_BOARD_WITHIN_MS,
    );
    return last.cursor;
  } catch (error) {
    board.insistence.oddities.push((error as Error).message);
    return null;
  }
}

/** Waits for it, but not for ever; who waits for a person is answered or canceled. */
async function letRunsEnd(board: people.Board): Promise<void> {
  const end = Date.now() + ENDED_WITHIN_MS;
  while (Date.now() < end) {
    const { unfinished } = await people.lookAtRuns(board);
    if (unfinished.length === 0) return;
    for (const [index, run] of unfinished.filter(isAsking).entries())
      await (index % 2 ? people.answerQuestion(board, run) : people.cancelRun(board, run.id, 'GRACEFUL'));
    await pause(LOOK_EVERY_MS);
  }
}
