import { randomUUID } from 'node:crypto';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createSourceEventStream, execute, type GraphQLSchema, parse } from 'graphql';
import { type Transaction, transact } from '../../../platform/event-log/transaction.ts';
import { SCALARS } from '../../../platform/graphql/scalars.ts';
import {
  type AgentInRun,
  type Person,
  type RequestActor,
  systemPart,
} from '../../../platform/identity/actor.ts';
import { removeGrant, setGrant } from '../../../platform/identity/grants.ts';
import { createRequestContext } from '../../../platform/subgraph/request.ts';
import { openSubgraph, type Subgraph } from '../../../platform/subgraph/subgraph.ts';
import { agentInRun, aPerson } from '../../../platform/testing/actors.ts';
import { openTestInfrastructure, testLog } from '../../../platform/testing/infrastructure.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { MemberChanged, ProjectChanged } from '../../../schema/events/projects.ts';
import type { Role } from '../../../schema/roles.ts';
import { projectScope } from '../../../schema/scopes.ts';
import { Channel } from '../entities/channel.ts';
import { type ChatContext, extendContext } from '../loaders.ts';
import { sendMessage } from '../operations/message/send-message.ts';
import { CHAT_SUBGRAPH } from '../subgraph.ts';

/** A document's answer; tests look into it without the generated types of a client. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the document's, which each test writes itself
type Answer = any;

/** How a test creates a project. */
interface ProjectOptions {
  owner: Person;
  /** Whether the doorbell rings. Without it the subgraph finds the event by itself, as when a hint is lost. */
  isAnnounced?: boolean;
}

const FOLLOW = parse(`subscription ($channelId: ID!, $after: EventCursor) {
  chatEvents(channelId: $channelId, after: $after) {
    __typename cursor ... on MessageChanged { message { seq body } } } }`);

/** The chat subgraph on a database of its own, with its schema and without its server. */
export async function openWorld({ sweepSeconds = 1 } = {}) {
  const infrastructure = await openTestInfrastructure(sweepSeconds);
  const subgraph = await openSubgraph(CHAT_SUBGRAPH, infrastructure, testLog);
  const schema = buildSubgraphSchema([
    { typeDefs: CHAT_SUBGRAPH.typeDefs, resolvers: { ...SCALARS, ...CHAT_SUBGRAPH.resolvers } as never },
  ]);
  const as = (actor: RequestActor): ChatContext =>
    extendContext(createRequestContext(subgraph, actor, testLog));

  const world = {
    subgraph,
    infrastructure,
    /** A request by an actor. */
    as,
    ...neighbours(subgraph),
    /** A channel of a new project, with its owner. */
    async channel() {
      const owner = aPerson('Ada');
      const projectId = await world.project({ owner });
      await subgraph.catchUp();
      const channel = await as(owner).em.findOneOrFail(Channel, { projectId });
      return { owner, projectId, channelId: channel.id };
    },
    send: (actor: RequestActor, channelId: string, body: string) =>
      sendMessage(as(actor), { channelId, body }),
    /** Executes a document as the gateway would send it. */
    async ask(
      actor: RequestActor,
      source: string,
      variableValues: Record<string, unknown> = {},
    ): Promise<Answer> {
      return execute({ schema, document: parse(source), variableValues, contextValue: as(actor) });
    },
    follow: (actor: RequestActor, channelId: string, after?: string) =>
      follow(schema, () => as(actor), { channelId, after }),
    async close() {
      await subgraph.close();
      await infrastructure.close();
    },
  };
  return world;
}

/** An agent in a run for a person, in one project. */
export const anAgent = (onBehalfOf: Person, projectId: string): AgentInRun =>
  agentInRun({ onBehalfOf, scopes: [projectScope(projectId)] });

/** What the projects subgraph does, as far as this subgraph sees it. */
function neighbours(subgraph: Subgraph) {
  const silence = { ...subgraph.doorbell, ring: () => undefined };
  const change = (work: (tx: Transaction) => Promise<void>, doorbell = subgraph.doorbell) =>
    transact({ em: subgraph.orm.em, doorbell, actor: systemPart('test'), locks: [] }, work);
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
        await setGrant(tx.em, projectScope(projectId), owner.id, 'OWNER');
        publishProject(tx, projectId);
        publishMember(tx, projectId, owner.id, 'OWNER');
      };
      await change(create, isAnnounced ? subgraph.doorbell : silence);
      return projectId;
    },
    renameProject: (projectId: string) => change(async (tx) => publishProject(tx, projectId)),
    /** A new member of a project. */
    async member(projectId: string, role: Role): Promise<Person> {
      const member = aPerson(`A ${role}`);
      await change(async (tx) => {
        await setGrant(tx.em, projectScope(projectId), member.id, role);
        publishMember(tx, projectId, member.id, role);
      });
      return member;
    },
    remove: (projectId: string, { id }: Person) =>
      change(async (tx) => {
        await removeGrant(tx.em, projectScope(projectId), id);
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
    /** The next event before its fields are resolved. */
    nextUnshown: async () => (await events.next()).value,
    show,
    /** The next event; throws when the subscription ended with an error. */
    async next(): Promise<Answer> {
      return show((await events.next()).value);
    },
    end: async () => events.return?.(),
  };
}
