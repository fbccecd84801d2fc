import { randomUUID } from 'node:crypto';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createSourceEventStream, execute, type GraphQLSchema, parse } from 'graphql';
import { type Transaction, transact } from '../../../platform/event-log/transaction.ts';
import { SCALARS } from '../../../platform/graphql/scalars.ts';
import { removeGrant, setGrant } from '../../../platform/identity/grants.ts';
import type { Viewer } from '../../../platform/identity/statement.ts';
import { createRequestContext, openSubgraph, type Subgraph } from '../../../platform/subgraph/subgraph.ts';
import { openTestInfrastructure, testLog } from '../../../platform/testing/infrastructure.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { MemberChanged, ProjectChanged } from '../../../schema/events/projects.ts';
import type { Role } from '../../../schema/roles.ts';
import { subgraphSdl } from '../../../schema/sdl.ts';
import { consumers } from '../consumers.ts';
import { CHAT_DATABASE } from '../database.ts';
import { Channel } from '../entities/channel.ts';
import { type ChatContext, extendContext } from '../loaders.ts';
import { sendMessage } from '../operations/message/send-message.ts';
import { Mutation } from '../resolvers/mutation.ts';
import { Query } from '../resolvers/query.ts';
import { Subscription } from '../resolvers/subscription.ts';
import * as types from '../resolvers/types.ts';

/** A document's answer; tests look into it without the generated types of a client. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the document's, which each test writes itself
type Answer = any;

/** How a project comes to be in a test. */
interface ProjectOptions {
  owner: Viewer;
  /** Whether the subgraph is told; otherwise it finds out by itself, as when a hint is lost. */
  isAnnounced?: boolean;
}

const FOLLOW = parse(`subscription ($channelId: ID!, $after: EventCursor) {
  chatEvents(channelId: $channelId, after: $after) {
    __typename cursor ... on MessageChanged { message { seq body } } } }`);

/** The chat subgraph on a database of its own, with its schema and without its server. */
export async function openWorld({ sweepSeconds = 1 } = {}) {
  const infrastructure = await openTestInfrastructure(sweepSeconds);
  const subgraph = await openSubgraph(
    { name: 'chat', ...CHAT_DATABASE, reactions: consumers },
    infrastructure,
    testLog,
  );
  const schema = buildSubgraphSchema([
    {
      typeDefs: subgraphSdl('chat'),
      resolvers: { ...SCALARS, Query, Mutation, Subscription, ...types } as never,
    },
  ]);
  const as = (viewer: Viewer): ChatContext => extendContext(createRequestContext(subgraph, viewer, testLog));

  const world = {
    subgraph,
    infrastructure,
    /** A request by somebody. */
    as,
    ...neighbours(subgraph),
    /** A channel of a new project, with its owner. */
    async channel() {
      const owner = person('Ada');
      const projectId = await world.project({ owner });
      await subgraph.catchUp();
      const channel = await as(owner).em.findOneOrFail(Channel, { projectId });
      return { owner, projectId, channelId: channel.id };
    },
    send: (viewer: Viewer, channelId: string, body: string) => sendMessage(as(viewer), { channelId, body }),
    /** Executes a document as the gateway would send it. */
    async ask(viewer: Viewer, source: string, variableValues: Record<string, unknown> = {}): Promise<Answer> {
      return execute({ schema, document: parse(source), variableValues, contextValue: as(viewer) });
    },
    follow: (viewer: Viewer, channelId: string, after?: string) =>
      follow(schema, () => as(viewer), { channelId, after }),
    async close() {
      await subgraph.close();
      await infrastructure.close();
    },
  };
  return world;
}

export const person = (displayName: string): Viewer => ({ id: randomUUID(), displayName, avatarUrl: null });

/** What the projects subgraph does, as far as this subgraph notices. */
function neighbours(subgraph: Subgraph) {
  const silence = { ...subgraph.doorbell, ring: () => undefined };
  const change = (work: (tx: Transaction) => Promise<void>, doorbell = subgraph.doorbell) =>
    transact({ em: subgraph.orm.em, doorbell, actor: 'test' }, work);
  const publishMember = (tx: Transaction, projectId: string, userId: string, role: Role | null) =>
    tx.publish(MemberChanged, {
      stream: projectStream(projectId),
      subject: userId,
      payload: { projectId, userId, role },
    });
  const publishProject = (tx: Transaction, projectId: string) =>
    tx.publish(ProjectChanged, {
      stream: projectStream(projectId),
      subject: projectId,
      payload: { projectId, key: 'TB', name: 'Team Board', description: null },
    });
  return {
    async project({ owner, isAnnounced = true }: ProjectOptions): Promise<string> {
      const projectId = randomUUID();
      const create = async (tx: Transaction) => {
        await setGrant(tx.em, projectStream(projectId), owner.id, 'OWNER');
        publishProject(tx, projectId);
        publishMember(tx, projectId, owner.id, 'OWNER');
      };
      await change(create, isAnnounced ? subgraph.doorbell : silence);
      return projectId;
    },
    renameProject: (projectId: string) => change(async (tx) => publishProject(tx, projectId)),
    /** Somebody new in a project. */
    async member(projectId: string, role: Role): Promise<Viewer> {
      const viewer = person(`A ${role}`);
      await change(async (tx) => {
        await setGrant(tx.em, projectStream(projectId), viewer.id, role);
        publishMember(tx, projectId, viewer.id, role);
      });
      return viewer;
    },
    remove: (projectId: string, { id }: Viewer) =>
      change(async (tx) => {
        await removeGrant(tx.em, projectStream(projectId), id);
        publishMember(tx, projectId, id, null);
      }),
  };
}

/** Follows a channel as the subscription server does: each event is resolved in a context of its own. */
async function follow(
  schema: GraphQLSchema,
  createContext: () => ChatContext,
  variableValues: Record<string, unknown>,
) {
  const request = { schema, document: FOLLOW, variableValues };
  const source = await createSourceEventStream({ ...request, contextValue: createContext() });
  if (!(Symbol.asyncIterator in source)) throw source.errors?.[0]?.originalError ?? new Error('refused');
  const events = source[Symbol.asyncIterator]() as AsyncIterator<unknown>;
  const show = async (rootValue: unknown): Promise<Answer> => {
    const result = await execute({ ...request, rootValue, contextValue: createContext() });
    return result.data?.['chatEvents'];
  };
  return {
    /** The next event before anybody has looked at its fields. */
    nextUnshown: async () => (await events.next()).value,
    show,
    /** The next event; throws when the subscription ended with an error. */
    async next(): Promise<Answer> {
      return show((await events.next()).value);
    },
    end: async () => events.return?.(),
  };
}
