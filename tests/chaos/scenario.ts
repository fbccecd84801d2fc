import { setTimeout as pause } from 'node:timers/promises';
import { TEST_REDIS_URL } from '../../platform/testing/infrastructure.ts';
import { until } from '../../platform/testing/wait.ts';
import { projectStream } from '../../schema/events/event.ts';
import { startSystem } from '../system.ts';
import { createAttacker } from './attacker.ts';
import { createFaultInjector, type FaultContext, type FaultInjector } from './faults.ts';
import { FOLLOWER_COUNT, type Followers, startFollowers } from './followers.ts';
import { type History, readRows } from './history.ts';
import { type Action, type Cycle, makePlan, type ScenarioOptions } from './plan.ts';
import { startRelay } from './relay.ts';
import * as actions from './workload.ts';

/** The number of cycles that run at the same time, so that a fault affects several of them. */
const CONCURRENT_CYCLES = 4;
/** The scenario waits while more runs are unfinished, because it does not test long queues. */
const UNFINISHED_MAX = 40;
/** The scenario ends after this number of unanswered mutations. */
const UNANSWERED_MAX = 4;
const READ_RUNS_EVERY_MS = 500;
/** Covers deadlines, leases, and the 35 s that a run waits between failed attempts. */
const RUNS_END_TIMEOUT_MS = 90_000;
const OUTCOME_TIMEOUT_MS = 60_000;

/** Short intervals, so that minutes cover what takes hours with the defaults. */
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

export interface ScenarioResult {
  history: History;
  /** The number of injected faults by name. */
  faults: ReadonlyMap<string, number>;
  mutations: actions.Workload['client']['counts'];
  seconds: number;
  /** The output of all processes. */
  output: string;
}

interface Scenario {
  workload: actions.Workload;
  injector: FaultInjector;
  followers: Followers;
  /** The runs as they were last read. They are read every 500 ms. */
  latestRuns: Awaited<ReturnType<typeof actions.readRuns>>;
}

/** Runs a scenario until every run has ended, and returns its history. */
export async function runScenario(
  options: ScenarioOptions,
  print: (line: string) => void,
): Promise<ScenarioResult> {
  const startedAt = Date.now();
  // The scenario uses its own Redis database, so that it does not cut other connections.
  const redisUrl = Object.assign(new URL(TEST_REDIS_URL), { pathname: `/${1 + (process.pid % 15)}` });
  const redis = options.form === 'services' ? { REDIS_URL: redisUrl.toString() } : {};
  const system = await startSystem({ ...SETTINGS, ...redis }, options.form, OPENCLAW);
  const relay = await startRelay(`${system.url}/agents/callback`);
  system.simulator.set({ callbackUrl: relay.url });
  try {
    const result = await runOnSystem({ system, relay, redisUrl: redisUrl.toString() }, options, print);
    return { ...result, seconds: Math.round((Date.now() - startedAt) / 1000) };
  } finally {
    await system.close();
    await relay.close();
  }
}

async function runOnSystem(
  { system, relay, redisUrl }: Omit<FaultContext, 'attacker'>,
  options: ScenarioOptions,
  print: (line: string) => void,
): Promise<Omit<ScenarioResult, 'seconds'>> {
  const workload = await actions.openWorkload(system.url);
  const followers = await startFollowers(system.url, workload.projectId);
  const attacker = createAttacker(`${system.url}/agents/callback`, relay, system.simulator.callbackSecret);
  const injector = createFaultInjector({ system, relay, attacker, redisUrl });
  const scenario: Scenario = { workload, injector, followers, latestRuns: { unfinished: [], ended: [] } };

  await runCycles(scenario, makePlan(options, FOLLOWER_COUNT), print);
  print('all faults were injected; waiting until every run has ended');
  const cursorNearEnd = await finishRuns(scenario, options.cycles + 1);
  const followerResults = await followers.finish(cursorNearEnd);
  await system.stop();
  const output = system.output();
  const history: History = {
    ...(await readRows(system)),
    ...followerResults,
    stream: projectStream(workload.projectId),
    acknowledged: workload.acknowledged,
    mutationProblems: workload.client.problems,
    maxima: workload.maxima,
    forgeries: attacker.forgeries,
    replays: attacker.replays,
    executions: system.simulator.state().runsStarted,
    openClawRestarts: injector.openClawRestarts,
    secretsWritten: system.secrets.filter((secret) => output.includes(secret)).length,
  };
  return { history, faults: injector.counts, mutations: workload.client.counts, output };
}

async function runCycles(
  scenario: Scenario,
  plan: readonly Cycle[],
  print: (line: string) => void,
): Promise<void> {
  const polling = { isOver: false };
  const pollingDone = (async () => {
    while (!polling.isOver) {
      scenario.latestRuns = await actions.readRuns(scenario.workload).catch(() => scenario.latestRuns);
      await pause(READ_RUNS_EVERY_MS);
    }
  })();
  const waiting = [...plan];
  const { counts } = scenario.workload.client;
  const work = async () => {
    for (let cycle = waiting.shift(); cycle; cycle = waiting.shift()) {
      if (counts.unanswered >= UNANSWERED_MAX)
        return print(`stopped before cycle ${cycle.number}: the system does not answer`);
      await until(
        `fewer than ${UNFINISHED_MAX} runs are unfinished`,
        () => scenario.latestRuns.unfinished.length < UNFINISHED_MAX,
        RUNS_END_TIMEOUT_MS,
      );
      await runCycle(scenario, cycle);
      if (cycle.number % 50 === 0)
        print(`cycle ${cycle.number}: ${scenario.latestRuns.unfinished.length} runs have not ended`);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENT_CYCLES }, work));
  } finally {
    polling.isOver = true;
    await pollingDone;
  }
}

async function runCycle(scenario: Scenario, cycle: Cycle): Promise<void> {
  if (cycle.disconnects !== null) scenario.followers.disconnect(cycle.disconnects);
  const injecting = cycle.fault ? scenario.injector.inject(cycle.fault) : Promise.resolve();
  injecting.catch(() => undefined); // prevents an unhandled rejection until it is awaited below
  const run = await actions.startRun(scenario.workload, cycle);
  if (run) scenario.followers.followRun(run);
  if (cycle.action) await performAction(scenario, cycle.action, cycle.number);
  await injecting;
  await pause(cycle.pauseMs);
}

async function performAction(
  { workload, latestRuns }: Scenario,
  action: Action,
  cycle: number,
): Promise<void> {
  const choose = <T>(list: readonly T[], pick: number) => list[Math.floor(pick * list.length)];
  switch (action.kind) {
    case 'cancel': {
      const run = choose(latestRuns.unfinished, action.pick);
      if (run) await actions.cancelRun(workload, run.id, action.mode);
      return;
    }
    case 'answer': {
      const run = choose(latestRuns.unfinished.filter(hasOpenQuestion), action.pick);
      if (run) await actions.answerQuestion(workload, run);
      return;
    }
    case 'retry': {
      const run = choose(latestRuns.ended, action.pick);
      if (run) await actions.retryRun(workload, run.id, `retry-${cycle}`);
      return;
    }
    case 'maximum':
      return actions.setMaximum(workload, workload.agentIds[action.agent]!, action.maximum);
    case 'switch': {
      const agentId = workload.agentIds[action.agent]!;
      await actions.switchAgent(workload, agentId, false);
      await pause(action.offMs);
      await actions.switchAgent(workload, agentId, true);
    }
  }
}

const hasOpenQuestion = ({ state, question }: actions.UnfinishedRun) =>
  state === 'INPUT_REQUIRED' && question !== null && question.answer === null;

/**
 * Removes the faults, waits until every run has ended, and starts a last run. The stream orders all events, so when the
 * outcome of the last run is on the board, all earlier outcomes are. Returns a cursor shortly before the end; on failure
 * records a mutation problem and returns null.
 */
async function finishRuns({ workload, injector }: Scenario, number: number): Promise<string | null> {
  injector.clear();
  try {
    await letRunsEnd(workload);
    const how = { instruction: 'Do it.', whenBusy: 'QUEUE', priority: 'HIGH' } as const;
    const last = await actions.startRun(workload, { number, agent: 0, ...how });
    if (!last) throw new Error('The last run could not be started');
    await until(
      'the last outcome is on the board',
      () => actions.isOutcomeOnBoard(workload, last.id),
      OUTCOME_TIMEOUT_MS,
    );
    return last.cursor;
  } catch (error) {
    workload.client.problems.push((error as Error).message);
    return null;
  }
}

/** Waits until every run has ended, for a limited time. Answers or cancels runs that wait for a person. */
async function letRunsEnd(workload: actions.Workload): Promise<void> {
  const end = Date.now() + RUNS_END_TIMEOUT_MS;
  while (Date.now() < end) {
    const { unfinished } = await actions.readRuns(workload);
    if (unfinished.length === 0) return;
    for (const [index, run] of unfinished.filter(hasOpenQuestion).entries())
      await (index % 2
        ? actions.answerQuestion(workload, run)
        : actions.cancelRun(workload, run.id, 'GRACEFUL'));
    await pause(READ_RUNS_EVERY_MS);
  }
}
