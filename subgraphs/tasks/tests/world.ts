import { randomUUID } from 'node:crypto';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createSourceEventStream, execute, parse } from 'graphql';
import { readEvents } from '../../../platform/event-log/event-log.ts';
import type { Transaction } from '../../../platform/event-log/transaction.ts';
import { SCALARS } from '../../../platform/graphql/scalars.ts';
import {
  type AgentInRun,
  type Person,
  type RequestActor,
  systemPart,
} from '../../../platform/identity/actor.ts';
import { setGrant } from '../../../platform/identity/grants.ts';
import { createRequestContext } from '../../../platform/subgraph/request.ts';
import { openSubgraph, type Subgraph } from '../../../platform/subgraph/subgraph.ts';
import { agentInRun, aPerson } from '../../../platform/testing/actors.ts';
import { openTestInfrastructure, testLog } from '../../../platform/testing/infrastructure.ts';
import { RunChanged } from '../../../schema/events/agents.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { ProjectChanged } from '../../../schema/events/projects.ts';
import { CommentAdded, TaskChanged, TaskRemoved } from '../../../schema/events/tasks.ts';
import type { Role } from '../../../schema/roles.ts';
import { projectScope } from '../../../schema/scopes.ts';
import { BoardColumn, type ColumnCategory } from '../entities/board-column.ts';
import { Comment } from '../entities/comment.ts';
import { Task } from '../entities/task.ts';
import { TaskChange } from '../entities/task-change.ts';
import { extendContext, type TasksContext } from '../loaders.ts';
import type { RunStep } from '../operations/run/follow-run.ts';
import { createTask } from '../operations/task/create-task.ts';
import { moveTask } from '../operations/task/move-task.ts';
import { TASKS_SUBGRAPH } from '../subgraph.ts';

/** A document's answer; tests look into it without the generated types of a client. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the document's, which each test writes itself
type Answer = any;
type Variables = Record<string, unknown>;
type NewRunStep = Pick<RunStep, 'state'> & Partial<RunStep>;

/** An agent in a run that a person asked for, on a task of a project. */
export const anAgent = (onBehalfOf: Person, projectId: string): AgentInRun =>
  agentInRun({ onBehalfOf, scopes: [projectScope(projectId)] });

/** A step of a new run on a task. */
export const aRunStep = ({ id, projectId }: Pick<Task, 'id' | 'projectId'>, step: NewRunStep): RunStep => ({
  runId: randomUUID(),
  agentId: randomUUID(),
  agentName: 'Writer',
  requestedBy: randomUUID(),
  taskId: id,
  projectId,
  attempt: 1,
  answer: null,
  failureMessage: null,
  question: null,
  possibleQuestion: null,
  ...step,
});

/** The tasks subgraph on a database of its own, with its schema and without its server. */
export async function openWorld() {
  const infrastructure = await openTestInfrastructure();
  const subgraph = await openSubgraph(TASKS_SUBGRAPH, infrastructure, testLog);
  const member = aPerson('Ada');
  const em = () => subgraph.orm.em.fork();
  const as = (actor: RequestActor): TasksContext =>
    extendContext(createRequestContext(subgraph, actor, testLog));
  const ctx = () => as(member);

  return {
    subgraph,
    infrastructure,
    /** Has a role in every project of this world. */
    member,
    em,
    /** A request by an actor. */
    as,
    /** A request by `member`. */
    ctx,
    ...neighbours(subgraph, member),
    /** Executes a document as the gateway would send it. */
    ask: async (actor: RequestActor, source: string, variableValues: Variables = {}): Promise<Answer> =>
      execute({ schema: SCHEMA, document: parse(source), variableValues, contextValue: as(actor) }),
    follow: (actor: RequestActor, source: string, variableValues: Variables) =>
      follow(() => as(actor), source, variableValues),
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
export type World = Awaited<ReturnType<typeof openWorld>>;

/** What the subgraphs of projects and agents do, as far as this subgraph reads of it. */
function neighbours(subgraph: Subgraph, member: Person) {
  let projects = 0;
  const change = (work: (tx: Transaction) => Promise<void>) =>
    subgraph.transact(systemPart('tasks.tests'), work);
  return {
    /** A project in which `member` has a role. The subgraph may not have read of it yet. */
    async project(role: Role = 'MEMBER') {
      const projectId = randomUUID();
      const key = `P${++projects}`;
      await change(async (tx) => {
        await setGrant(tx.em, projectScope(projectId), member.id, role);
        const payload = { projectId, key, name: 'Team Board', description: null };
        tx.publish(ProjectChanged, { stream: projectStream(projectId), subject: projectId, payload });
      });
      return projectId;
    },
    /** A new person with a role in a project. */
    async joined(projectId: string, role: Role): Promise<Person> {
      const joined = aPerson(`A ${role}`);
      await setGrant(subgraph.orm.em.fork(), projectScope(projectId), joined.id, role);
      return joined;
    },
    /** Publishes a step of a run on a task. This subgraph has followed it when this returns. */
    async run(task: Pick<Task, 'id' | 'projectId'>, step: NewRunStep) {
      const stream = projectStream(task.projectId);
      const payload = aRunStep(task, { requestedBy: member.id, ...step });
      await change(async (tx) => tx.publish(RunChanged, { stream, subject: payload.runId, payload }));
      await subgraph.catchUp(stream);
      return payload;
    },
    /** Makes the subgraph read all events of a project's stream once more. */
    async repeatEvents(projectId: string) {
      const stream = projectStream(projectId);
      await subgraph.catchUp(stream);
      await subgraph.orm.em
        .fork()
        .execute('update log.reader_position set seq = 0 where stream = ?', [stream]);
      await subgraph.catchUp(stream);
    },
  };
}

const SCHEMA = buildSubgraphSchema([
  { typeDefs: TASKS_SUBGRAPH.typeDefs, resolvers: { ...SCALARS, ...TASKS_SUBGRAPH.resolvers } as never },
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
    /** A task as it is stored, with the category of its column. */
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
    /** The events that the subgraph has published about a project, oldest first. */
    events: (projectId: string) =>
      readEvents(em(), projectStream(projectId), 0, 1_000, {
        types: [TaskChanged.type, TaskRemoved.type, CommentAdded.type],
      }),
    /** The types and payloads of those events. */
    async published(projectId: string) {
      const events = await this.events(projectId);
      return events.map(({ type, payload }): Record<string, unknown> => ({ type, ...(payload as object) }));
    },
  };
}
