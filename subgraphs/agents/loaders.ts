import DataLoader from 'dataloader';
import { createEntityLoader } from '../../platform/database/loader.ts';
import { asArray } from '../../platform/database/sql.ts';
import type { RequestContext } from '../../platform/subgraph/subgraph.ts';
import { Agent } from './entities/agent.ts';
import { AgentRun } from './entities/agent-run.ts';
import { OpenClawTarget } from './entities/openclaw-target.ts';
import { RunAttempt } from './entities/run-attempt.ts';
import { RunQuestion } from './entities/run-question.ts';
import { UNFINISHED_STATES } from './entities/run-states.ts';
import type { Targets } from './openclaw/targets.ts';

/** What a request to this subgraph has. */
export type AgentsContext = RequestContext & {
  loaders: ReturnType<typeof createLoaders>;
  settings: AgentsSettings;
};

/** The settings that requests need. */
export interface AgentsSettings {
  /** The deadline of a run that names none itself. */
  timeoutSeconds: number;
  /** Runs in one OpenClaw at a time, over all agents. */
  runsMax: number;
  targets: Targets;
}

export const extendContext =
  (settings: AgentsSettings) =>
  (ctx: RequestContext): AgentsContext => ({ ...ctx, loaders: createLoaders(ctx), settings });

/** How much an agent has to do. */
export interface Workload {
  /** Runs that hold a slot. */
  held: number;
  /** Runs that wait for one. */
  queued: number;
}

const createLoaders = ({ em }: RequestContext) => ({
  agent: createEntityLoader(em, Agent),
  run: createEntityLoader(em, AgentRun),

  /** Counted from the runs whenever it is asked for: a stored counter would leak with every crash. */
  workload: new DataLoader<string, Workload>(async (agentIds) => {
    const rows: (Workload & { agent_id: string })[] = await em.execute(
      `select agent_id, count(slot)::int as held, count(*) filter (where state = 'QUEUED')::int as queued
       from agents.agent_run
       where agent_id = any(?) and (slot is not null or state = 'QUEUED')
       group by agent_id`,
      [asArray(agentIds)],
    );
    const byAgent = new Map(rows.map(({ agent_id, held, queued }) => [agent_id, { held, queued }]));
    return agentIds.map((id) => byAgent.get(id) ?? { held: 0, queued: 0 });
  }),

  /** The unfinished run of a task; there is at most one. */
  activeRun: new DataLoader<string, AgentRun | null>(async (taskIds) => {
    const runs = await em.find(AgentRun, {
      taskId: { $in: [...taskIds] },
      state: { $in: [...UNFINISHED_STATES] },
    });
    const byTask = new Map(runs.map((run) => [run.taskId, run]));
    return taskIds.map((id) => byTask.get(id) ?? null);
  }),

  /** The attempts of a run, first to last. */
  attempts: new DataLoader<string, RunAttempt[]>(async (runIds) => {
    const attempts = await em.find(
      RunAttempt,
      { runId: { $in: [...runIds] } },
      { orderBy: { number: 'asc' } },
    );
    const byRun = Map.groupBy(attempts, ({ runId }) => runId);
    return runIds.map((id) => byRun.get(id) ?? []);
  }),

  /** The newest question of a run. */
  question: new DataLoader<string, RunQuestion | null>(async (runIds) => {
    const questions = await em.find(
      RunQuestion,
      { runId: { $in: [...runIds] } },
      { orderBy: { askedAt: 'asc' } },
    );
    const byRun = new Map(questions.map((question) => [question.runId, question]));
    return runIds.map((id) => byRun.get(id) ?? null);
  }),

  target: new DataLoader<string, OpenClawTarget | null>(async (names) => {
    const targets = await em.find(OpenClawTarget, { name: { $in: [...names] } });
    const byName = new Map(targets.map((target) => [target.name, target]));
    return names.map((name) => byName.get(name) ?? null);
  }),
});
