import { randomUUID } from 'node:crypto';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createSourceEventStream, execute, parse } from 'graphql';
import type { z } from 'zod';
import { readEvents } from '../../../platform/event-log/event-log.ts';
import { transact } from '../../../platform/event-log/transaction.ts';
import { SCALARS } from '../../../platform/graphql/scalars.ts';
import { setGrant } from '../../../platform/identity/grants.ts';
import type { Viewer } from '../../../platform/identity/statement.ts';
import { createRequestContext, openSubgraph, type Subgraph } from '../../../platform/subgraph/subgraph.ts';
import { openTestInfrastructure, testLog } from '../../../platform/testing/infrastructure.ts';
import { RunChanged } from '../../../schema/events/agents.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { ProjectChanged } from '../../../schema/events/projects.ts';
import { CommentAdded, TaskChanged, TaskRemoved } from '../../../schema/events/tasks.ts';
import type { Role } from '../../../schema/roles.ts';
import { subgraphSdl } from '../../../schema/sdl.ts';
import { consumers } from '../consumers.ts';
import { TASKS_DATABASE } from '../database.ts';
import { BoardColumn, type ColumnCategory } from '../entities/board-column.ts';
import { Comment } from '../entities/comment.ts';
import { Task } from '../entities/task.ts';
import { TaskChange } from '../entities/task-change.ts';
import { extendContext, type TasksContext } from '../loaders.ts';
import { createTask } from '../operations/task/create-task.ts';
import { moveTask } from '../operations/task/move-task.ts';
import { Mutation } from '../resolvers/mutation.ts';
import { Query } from '../resolvers/query.ts';
import { Subscription } from '../resolvers/subscription.ts';
import * as types from '../resolvers/types.ts';

/** A document's answer; tests look into it without the generated types of a client. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the document's, which each test writes itself
type Answer = any;
type Variables = Record<string, unknown>;
type RunStep = z.infer<typeof RunChanged.payload>;

export const person = (displayName: string): Viewer => ({ id: randomUUID(), displayName, avatarUrl: null });

/** The tasks subgraph on a database of its own, with its schema and without its server. */
export async function openWorld() {
  const infrastructure = await openTestInfrastructure();
  const subgraph = await openSubgraph(
    { name: 'tasks', ...TASKS_DATABASE, reactions: consumers },
    infrastructure,
    testLog,
  );
  const member = person('Ada');
  const em = () => subgraph.orm.em.fork();
  const as = (viewer: Viewer): TasksContext => extendContext(createRequestContext(subgraph, viewer, testLog));
  const ctx = () => as(member);

  return {
    subgraph,
    infrastructure,
    /** Has a role in every project of this world. */
    member,
    em,
    /** A request by somebody. */
    as,
    /** A request by `member`. */
    ctx,
    ...neighbours(subgraph, member),
    /** Executes a document as the gateway would send it. */
    ask: async (viewer: Viewer, source: string, variableValues: Variables = {}): Promise<Answer> =>
      execute({ schema: SCHEMA, document: parse(source), variableValues, contextValue: as(viewer) }),
    follow: (viewer: Viewer, source: string, variableValues: Variables) =>
      follow(() => as(viewer), source, variableValues),
    /** A new task; `projectId` is needed. */
    task: (overrides: Record<string, unknown>) =>
      createTask(ctx(), { title: 'Write the release notes', ...overrides }),
    /** Moves a task to the end of the first column of a category. */
    async moveTo({ id, projectId }: Task, category: ColumnCategory) {
      const { id: columnId } = await em().findOneOrFail(BoardColumn, { projectId, category });
      return moveTask(ctx(), { id, columnId });
    },
    ...views(em),
    async close() {
      await subgraph.close();
      await infrastructure.close();
    },
  };
}

/** What the subgraphs of projects and agents do, as far as this subgraph notices. */
function neighbours(subgraph: Subgraph, member: Viewer) {
  let projects = 0;
  const change = (work: Parameters<typeof transact<void>>[1]) =>
    transact({ em: subgraph.orm.em, doorbell: subgraph.doorbell, actor: 'test' }, work);
  return {
    /** A project in which `member` has a role. The subgraph may not have heard of it yet. */
    async project(role: Role = 'MEMBER') {
      const projectId = randomUUID();
      const stream = projectStream(projectId);
      const key = `P${++projects}`;
      await change(async (tx) => {
        await setGrant(tx.em, stream, member.id, role);
        const payload = { projectId, key, name: 'Team Board', description: null };
        tx.publish(ProjectChanged, { stream, subject: projectId, payload });
      });
      return projectId;
    },
    /** Somebody new with a role in a project. */
    async joined(projectId: string, role: Role): Promise<Viewer> {
      const viewer = person(`A ${role}`);
      await setGrant(subgraph.orm.em.fork(), projectStream(projectId), viewer.id, role);
      return viewer;
    },
    /** A step of a run of a task, followed by this subgraph before it returns. */
    async run({ id: taskId, projectId }: Task, step: Pick<RunStep, 'state'> & Partial<RunStep>) {
      const stream = projectStream(projectId);
      const payload: RunStep = {
        runId: randomUUID(),
        agentId: randomUUID(),
        agentName: 'Writer',
        taskId,
        projectId,
        attempt: 1,
        answer: null,
        failureMessage: null,
        question: null,
        ...step,
      };
      await change(async (tx) => tx.publish(RunChanged, { stream, subject: payload.runId, payload }));
      await subgraph.catchUp(stream);
      return payload;
    },
    /** Lets the subgraph hear everything in a project's stream once more. */
    async repeatEvents(projectId: string) {
      const stream = projectStream(projectId);
      await subgraph.catchUp(stream);
      await subgraph.orm.em.fork().execute('update log.consumer set seq = 0 where stream = ?', [stream]);
      await subgraph.catchUp(stream);
    },
  };
}

const SCHEMA = buildSubgraphSchema([
  {
    typeDefs: subgraphSdl('tasks'),
    resolvers: { ...SCALARS, Query, Mutation, Subscription, ...types } as never,
  },
]);

/** Follows a subscription; each event is resolved in a context of its own, as the server does. */
async function follow(createContext: () => TasksContext, source: string, variableValues: Variables) {
  const request = { schema: SCHEMA, document: parse(source), variableValues };
  const stream = await createSourceEventStream({ ...request, contextValue: createContext() });
  if (!(Symbol.asyncIterator in stream)) throw stream.errors?.[0]?.originalError ?? new Error('refused');
  const events = stream[Symbol.asyncIterator]() as AsyncIterator<unknown>;
  return {
    async next(): Promise<Answer> {
      const rootValue = (await events.next()).value;
      return (await execute({ ...request, rootValue, contextValue: createContext() })).data;
    },
    end: async () => events.return?.(),
  };
}

/** What tests look at. */
function views(em: () => TasksContext['em']) {
  return {
    /** A task as it is now, with the category of its column. */
    async now({ id }: Pick<Task, 'id'>) {
      const task = await em().findOneOrFail(Task, { id });
      const { category } = await em().findOneOrFail(BoardColumn, { id: task.columnId });
      return { ...task, category };
    },
    columns: (projectId: string) => em().find(BoardColumn, { projectId }, { orderBy: { rank: 'asc' } }),
    /** The ids of a column's tasks, from top to bottom. */
    async order(columnId: string) {
      const tasks = await em().find(Task, { columnId, archivedAt: null }, { orderBy: { rank: 'asc' } });
      return tasks.map(({ id }) => id);
    },
    comments: ({ id: taskId }: Task) => em().find(Comment, { taskId }, { orderBy: { id: 'asc' } }),
    /** A task's history as lines, oldest first. */
    async history({ id: taskId }: Task) {
      const changes = await em().find(TaskChange, { taskId }, { orderBy: { id: 'asc' } });
      return changes.map(({ field, from, to }) => [field, from, to]);
    },
    changes: ({ id: taskId }: Task) => em().find(TaskChange, { taskId }, { orderBy: { id: 'asc' } }),
    /** What the subgraph has published about a project, oldest first. */
    async published(projectId: string) {
      const types = [TaskChanged.type, TaskRemoved.type, CommentAdded.type];
      const events = await readEvents(em(), projectStream(projectId), 0, 1_000, { types });
      return events.map(({ type, payload }): Record<string, unknown> => ({ type, ...(payload as object) }));
    },
  };
}
