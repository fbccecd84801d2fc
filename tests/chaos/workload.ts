import { until } from '../../platform/testing/wait.ts';
import * as documents from './documents.ts';
import type { Acknowledged, MaximumChange } from './history.ts';
import { AGENTS, type Cycle, MAXIMUM_HIGHEST } from './plan.ts';
import { ANSWER_TIMEOUT_MS, createRetryingClient, type RetryingClient } from './retrying-client.ts';

/** The timeout of every run; the minimum. */
const TIMEOUT_SECONDS = 10;

export interface UnfinishedRun {
  id: string;
  state: string;
  question: { id: string; answer: string | null } | null;
}

/** A project, its agents, and the mutations that were acknowledged. */
export interface Workload {
  readonly client: RetryingClient;
  readonly projectId: string;
  readonly agentIds: readonly string[];
  readonly acknowledged: Acknowledged[];
  readonly maxima: MaximumChange[];
}

/** Creates a project and its agents, whose maxima are 1 to MAXIMUM_HIGHEST concurrent runs. */
export async function openWorkload(url: string): Promise<Workload> {
  const client = createRetryingClient(url);
  const mark = Date.now().toString(36).slice(-7);
  const created = await client.mutate(documents.CREATE_PROJECT, {
    key: `S${mark.toUpperCase()}`,
    name: 'Chaos',
  });
  const maxima: MaximumChange[] = [];
  for (let index = 0; index < AGENTS; index++) {
    const maximum = (index % MAXIMUM_HIGHEST) + 1;
    const payload = await client.mutate(documents.CREATE_AGENT, {
      name: `Agent ${index + 1}`,
      slug: `chaos-${mark}-${index + 1}`,
      maxConcurrent: maximum,
      idempotencyKey: `agent-${index + 1}`,
    });
    maxima.push({ agentId: payload!.agent!.id, maximum, askedAt: 0, acknowledgedAt: 0 });
  }
  const agentIds = maxima.map(({ agentId }) => agentId);
  return { client, projectId: created!.project!.id, agentIds, acknowledged: [], maxima };
}

/** Creates a task and starts a run on it. Returns null when either was refused. */
export async function startRun(
  { client, projectId, agentIds, acknowledged }: Workload,
  cycle: Pick<Cycle, 'number' | 'agent' | 'instruction' | 'whenBusy' | 'priority'>,
) {
  const { number, agent, ...options } = cycle;
  const [taskKey, runKey] = [`task-${number}`, `run-${number}`];
  const title = `Chaos ${number}`;
  const created = await client.mutate(documents.CREATE_TASK, { projectId, title, idempotencyKey: taskKey });
  if (!created?.task) return null;
  const taskId = created.task.id;
  acknowledged.push({ kind: 'task', key: taskKey, id: taskId, title });
  const started = await client.mutate(documents.START_RUN, {
    agentId: agentIds[agent],
    taskId,
    instruction: options.instruction,
    whenBusy: options.whenBusy,
    priority: options.priority,
    timeoutSeconds: TIMEOUT_SECONDS,
    idempotencyKey: runKey,
  });
  if (!started?.run) return null;
  acknowledged.push({ kind: 'run', key: runKey, id: started.run.id });
  return started.run;
}

export async function cancelRun(
  { client, acknowledged }: Workload,
  id: string,
  mode: 'GRACEFUL' | 'FORCE',
): Promise<void> {
  if (await client.mutate(documents.CANCEL_RUN, { id, mode })) acknowledged.push({ kind: 'cancel', id });
}

export async function answerQuestion({ client, acknowledged }: Workload, run: UnfinishedRun): Promise<void> {
  const input = { questionId: run.question!.id, answer: 'The first one.' };
  if (await client.mutate(documents.ANSWER, input)) acknowledged.push({ kind: 'answer', id: run.id });
}

/** Retries a run that ended without success. Does nothing when it was retried before. */
export async function retryRun({ client, acknowledged }: Workload, id: string, key: string): Promise<void> {
  const retried = await client.mutate(documents.RETRY_RUN, { id, whenBusy: 'QUEUE', idempotencyKey: key });
  if (retried?.run) acknowledged.push({ kind: 'retry', key, id: retried.run.id });
}

export async function setMaximum({ client, maxima }: Workload, agentId: string, maximum: number) {
  const change = { agentId, maximum, askedAt: Date.now(), acknowledgedAt: Number.POSITIVE_INFINITY };
  maxima.push(change);
  if (await client.mutate(documents.UPDATE_AGENT, { id: agentId, maxConcurrent: maximum }))
    change.acknowledgedAt = Date.now();
}

export const switchAgent = ({ client }: Workload, id: string, isEnabled: boolean) =>
  client.mutate(documents.UPDATE_AGENT, { id, isEnabled });

/** Reads the runs that have not ended, and the newest runs that ended without success. Repeats until it is answered. */
export const readRuns = ({ client }: Workload) =>
  until(
    'the list of runs is answered',
    async () => {
      type Found = {
        nodes: { unfinished: { nodes: UnfinishedRun[] }; ended: { nodes: { id: string }[] } }[];
      };
      const agents = await client.ask<Found>(documents.LIST_RUNS, {});
      if (!agents) return null;
      return {
        unfinished: agents.nodes.flatMap(({ unfinished }) => unfinished.nodes),
        ended: agents.nodes.flatMap(({ ended }) => ended.nodes),
      };
    },
    ANSWER_TIMEOUT_MS,
  );

/** Whether the outcome of a run is on the board: its task is in review and has a comment. */
export async function isOutcomeOnBoard({ client }: Workload, runId: string): Promise<boolean> {
  type Found = { task: { category: string; comments: { nodes: unknown[] } } | null };
  const run = await client.ask<Found>(documents.TASK_OF_RUN, { id: runId });
  return run?.task?.category === 'IN_REVIEW' && run.task.comments.nodes.length > 0;
}
