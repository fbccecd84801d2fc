import { until } from '../../platform/testing/wait.ts';
import * as documents from './documents.ts';
import type { Acknowledged, MaximumChange } from './history.ts';
import { ANSWERED_WITHIN_MS, type Insistence, insistOn } from './insist.ts';
import { AGENTS, type Cycle, MAXIMUM_HIGHEST } from './plan.ts';

/** What runs are ended by if nothing else ends them; the shortest that there is. */
const TIMEOUT_SECONDS = 10;

export interface UnfinishedRun {
  id: string;
  state: string;
  question: { id: string; answer: string | null } | null;
}

/** A project, its agents, and what was acknowledged to the people who work there. */
export interface Board {
  readonly insistence: Insistence;
  readonly projectId: string;
  readonly agentIds: readonly string[];
  readonly acknowledged: Acknowledged[];
  readonly maxima: MaximumChange[];
}

/** Makes a project and its agents, which may have 1 to MAXIMUM_HIGHEST runs at a time. */
export async function openBoard(url: string): Promise<Board> {
  const insistence = insistOn(url);
  const mark = Date.now().toString(36).slice(-7);
  const made = await insistence.mutate(documents.CREATE_PROJECT, {
    key: `S${mark.toUpperCase()}`,
    name: 'Storm',
  });
  const maxima: MaximumChange[] = [];
  for (let index = 0; index < AGENTS; index++) {
    const maximum = (index % MAXIMUM_HIGHEST) + 1;
    const payload = await insistence.mutate(documents.CREATE_AGENT, {
      name: `Agent ${index + 1}`,
      slug: `storm-${mark}-${index + 1}`,
      maxConcurrent: maximum,
      idempotencyKey: `agent-${index + 1}`,
    });
    maxima.push({ agentId: payload!.agent!.id, maximum, askedAt: 0, acknowledgedAt: 0 });
  }
  const agentIds = maxima.map(({ agentId }) => agentId);
  return { insistence, projectId: made!.project!.id, agentIds, acknowledged: [], maxima };
}

/** A task and a run on it; null when the agent did not take it. */
export async function startRun(
  { insistence, projectId, agentIds, acknowledged }: Board,
  cycle: Pick<Cycle, 'number' | 'agent' | 'instruction' | 'whenBusy' | 'priority'>,
) {
  const { number, agent, ...how } = cycle;
  const [taskKey, runKey] = [`task-${number}`, `run-${number}`];
  const title = `Storm ${number}`;
  const made = await insistence.mutate(documents.CREATE_TASK, { projectId, title, idempotencyKey: taskKey });
  if (!made?.task) return null;
  const taskId = made.task.id;
  acknowledged.push({ kind: 'task', key: taskKey, id: taskId, title });
  const started = await insistence.mutate(documents.START_RUN, {
    agentId: agentIds[agent],
    taskId,
    instruction: how.instruction,
    whenBusy: how.whenBusy,
    priority: how.priority,
    timeoutSeconds: TIMEOUT_SECONDS,
    idempotencyKey: runKey,
  });
  if (!started?.run) return null;
  acknowledged.push({ kind: 'run', key: runKey, id: started.run.id });
  return started.run;
}

export async function cancelRun(
  { insistence, acknowledged }: Board,
  id: string,
  mode: 'GRACEFUL' | 'FORCE',
): Promise<void> {
  if (await insistence.mutate(documents.CANCEL_RUN, { id, mode })) acknowledged.push({ kind: 'cancel', id });
}

export async function answerQuestion({ insistence, acknowledged }: Board, run: UnfinishedRun): Promise<void> {
  const input = { questionId: run.question!.id, answer: 'The first one.' };
  if (await insistence.mutate(documents.ANSWER, input)) acknowledged.push({ kind: 'answer', id: run.id });
}

/** Starts a run anew that ended without success; nothing when somebody else has done so before. */
export async function retryRun({ insistence, acknowledged }: Board, id: string, key: string): Promise<void> {
  const again = await insistence.mutate(documents.RETRY_RUN, { id, whenBusy: 'QUEUE', idempotencyKey: key });
  if (again?.run) acknowledged.push({ kind: 'retry', key, id: again.run.id });
}

export async function setMaximum({ insistence, maxima }: Board, agentId: string, maximum: number) {
  const change = { agentId, maximum, askedAt: Date.now(), acknowledgedAt: Number.POSITIVE_INFINITY };
  maxima.push(change);
  if (await insistence.mutate(documents.UPDATE_AGENT, { id: agentId, maxConcurrent: maximum }))
    change.acknowledgedAt = Date.now();
}

export const switchAgent = ({ insistence }: Board, id: string, isEnabled: boolean) =>
  insistence.mutate(documents.UPDATE_AGENT, { id, isEnabled });

/** The runs that have not ended, and the newest that ended without success, as soon as the system can say. */
export const lookAtRuns = ({ insistence }: Board) =>
  until(
    'the system says which runs there are',
    async () => {
      type Found = {
        nodes: { unfinished: { nodes: UnfinishedRun[] }; ended: { nodes: { id: string }[] } }[];
      };
      const agents = await insistence.ask<Found>(documents.LOOK, {});
      if (!agents) return null;
      return {
        unfinished: agents.nodes.flatMap(({ unfinished }) => unfinished.nodes),
        ended: agents.nodes.flatMap(({ ended }) => ended.nodes),
      };
    },
    ANSWERED_WITHIN_MS,
  );

/** Whether what came of a run stands on the board. */
export async function isOnBoard({ insistence }: Board, runId: string): Promise<boolean> {
  type Found = { task: { category: string; comments: { nodes: unknown[] } } | null };
  const run = await insistence.ask<Found>(documents.TASK_OF_RUN, { id: runId });
  return run?.task?.category === 'IN_REVIEW' && run.task.comments.nodes.length > 0;
}
