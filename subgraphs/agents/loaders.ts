import DataLoader from 'dataloader';
import { createEntityLoader } from '../../platform/database/loader.ts';
import { createPageLoader } from '../../platform/database/page-loader.ts';
import type { RequestContext } from '../../platform/subgraph/request.ts';
import { projectScope } from '../../schema/scopes.ts';
import { Agent } from './entities/agent.ts';
import { AgentRun } from './entities/agent-run.ts';
import { OpenClawTarget } from './entities/openclaw-target.ts';
import { RunActivity } from './entities/run-activity.ts';
import { RunAttempt } from './entities/run-attempt.ts';
import { RunQuestion } from './entities/run-question.ts';
import { UNFINISHED_STATES } from './entities/run-states.ts';
import { readWorkloads, type Workload } from './queries/agent-status.ts';
import { readCursors } from './queries/run-cursor.ts';
import { type RunQueue, readQueues } from './queries/run-queue.ts';
import type { AgentsSettings, ContextWithSettings } from './settings.ts';

/** The context of a request to this subgraph. */
export interface AgentsContext extends ContextWithSettings {
  readonly loaders: ReturnType<typeof createLoaders>;
}

export const extendContext =
  (settings: AgentsSettings) =>
  (ctx: RequestContext): AgentsContext => ({ ...ctx, settings, loaders: createLoaders(ctx, settings) });

const NEWEST_FIRST = { queuedAt: 'desc', id: 'desc' } as const;

const createLoaders = ({ em, grants }: RequestContext, { runsMax }: AgentsSettings) => ({
  /** The projects in which the actor has a role. */
  projectIds: readOnce(() => grants.idsOf(projectScope(''))),
  agent: createEntityLoader(em, Agent),
  run: createEntityLoader(em, AgentRun),
  workload: new DataLoader<string, Workload>((agentIds) => readWorkloads(em, agentIds)),
  runsOfAgent: createPageLoader(em, AgentRun, { parent: 'agentId', orderBy: NEWEST_FIRST }),
  runsOfTask: createPageLoader(em, AgentRun, { parent: 'taskId', orderBy: NEWEST_FIRST }),
  activities: createPageLoader(em, RunActivity, { parent: 'runId', orderBy: { seq: 'asc' } }),
  queue: new DataLoader<AgentRun, RunQueue>((runs) => readQueues(em, runs, runsMax)),
  cursor: new DataLoader<AgentRun, string>((runs) => readCursors(em, runs)),

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

function readOnce<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => {
    value ??= read();
    return value;
  };
}
