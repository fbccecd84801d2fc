import { buildSubgraphSchema } from '@apollo/subgraph';
import { createSourceEventStream, execute, parse } from 'graphql';
import { readEvents } from '../../../platform/event-log/event-log.ts';
import { SCALARS } from '../../../platform/graphql/scalars.ts';
import type { AgentInRun, Person, RequestActor } from '../../../platform/identity/actor.ts';
import { createRequestContext } from '../../../platform/subgraph/request.ts';
import { openSubgraph } from '../../../platform/subgraph/subgraph.ts';
import { agentInRun, aPerson } from '../../../platform/testing/actors.ts';
import { openTestInfrastructure, testLog } from '../../../platform/testing/infrastructure.ts';
import type { Role } from '../../../schema/roles.ts';
import { projectScope } from '../../../schema/scopes.ts';
import { extendContext, type ProjectsContext } from '../loaders.ts';
import { setMember } from '../operations/member/set-member.ts';
import { createProject } from '../operations/project/create-project.ts';
import { rememberViewer } from '../operations/user/remember-viewer.ts';
import { PROJECTS_SUBGRAPH } from '../subgraph.ts';

/** A document's answer; tests look into it without the generated types of a client. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the document's, which each test writes itself
type Answer = any;

const FOLLOW = parse(`subscription ($projectId: ID!) { projectEvents(projectId: $projectId) {
  __typename ... on ProjectChanged { project { name } } ... on MemberChanged { user { displayName } role } } }`);

/** The projects subgraph on a database of its own, with its schema and without its server. */
export async function openWorld() {
  const infrastructure = await openTestInfrastructure();
  const subgraph = await openSubgraph(PROJECTS_SUBGRAPH, infrastructure, testLog);
  const schema = buildSubgraphSchema([
    {
      typeDefs: PROJECTS_SUBGRAPH.typeDefs,
      resolvers: { ...SCALARS, ...PROJECTS_SUBGRAPH.resolvers } as never,
    },
  ]);
  const as = (actor: RequestActor): ProjectsContext =>
    extendContext(createRequestContext(subgraph, actor, testLog));

  const world = {
    subgraph,
    infrastructure,
    /** A new request by an actor: rights are read once for each request. */
    as,
    /** A person who has signed in. */
    async signedIn(displayName: string): Promise<Person> {
      const signedIn = aPerson(displayName);
      await rememberViewer(as(signedIn));
      return signedIn;
    },
    project: (owner: RequestActor, overrides: Record<string, unknown> = {}) =>
      createProject(as(owner), { key: uniqueKey(), name: 'Team Board', ...overrides }),
    /** A new member of a project. */
    async member(owner: Person, projectId: string, role: Role): Promise<Person> {
      const member = await world.signedIn(`A ${role}`);
      await setMember(as(owner), { projectId, userId: member.id, role });
      return member;
    },
    roleOf: (actor: RequestActor, projectId: string) => as(actor).grants.load(projectScope(projectId)),
    /** The events of a stream, oldest first. */
    events: (stream: string) => readEvents(subgraph.orm.em.fork(), stream, 0, 1_000),
    /** Executes a document as the gateway would send it. */
    async ask(
      actor: RequestActor,
      source: string,
      variableValues: Record<string, unknown> = {},
    ): Promise<Answer> {
      return execute({ schema, document: parse(source), variableValues, contextValue: as(actor) });
    },
    /**
     * Subscribes to a project. Each event is resolved in a context of its own, as the subscription server does.
     * Throws when the subscription is refused or ends with an error.
     */
    async follow(actor: RequestActor, projectId: string) {
      const request = { schema, document: FOLLOW, variableValues: { projectId } };
      const source = await createSourceEventStream({ ...request, contextValue: as(actor) });
      if (!(Symbol.asyncIterator in source)) throw source.errors?.[0]?.originalError;
      const events = source[Symbol.asyncIterator]() as AsyncIterator<unknown>;
      const show = async (rootValue: unknown): Promise<Answer> =>
        (await execute({ ...request, rootValue, contextValue: as(actor) })).data?.['projectEvents'];
      return {
        /** The next event before its fields are resolved. */
        nextUnshown: async () => (await events.next()).value,
        show,
        next: async (): Promise<Answer> => show((await events.next()).value),
        end: async () => events.return?.(),
      };
    },
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

let keys = 0;
const uniqueKey = () => `K${(keys++).toString(36).toUpperCase().padStart(3, '0')}`;
