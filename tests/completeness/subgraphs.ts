import type { GraphQLResolveInfo } from 'graphql';
import type { z } from 'zod';
import type { Operation } from '../../platform/subgraph/operation.ts';
import type { Mapping } from '../../platform/subgraph/subscription.ts';
import * as agentsEvents from '../../schema/events/agents.ts';
import * as chatEvents from '../../schema/events/chat.ts';
import type { EventDefinition } from '../../schema/events/event.ts';
import * as projectsEvents from '../../schema/events/projects.ts';
import * as tasksEvents from '../../schema/events/tasks.ts';
import type { SubgraphName } from '../../schema/sdl.ts';
import { AGENTS_SUBGRAPH } from '../../subgraphs/agents/subgraph.ts';
import { CHAT_SUBGRAPH } from '../../subgraphs/chat/subgraph.ts';
import { PROJECTS_SUBGRAPH } from '../../subgraphs/projects/subgraph.ts';
import { TASKS_SUBGRAPH } from '../../subgraphs/tasks/subgraph.ts';

/** A resolver, with what `mutation` and `follows` leave at it. */
type Resolver = ((...args: [unknown, object, unknown, GraphQLResolveInfo]) => unknown) & {
  readonly operation?: Operation<never, z.ZodType, unknown>;
  readonly mappings?: readonly Mapping[];
};
export type ResolverMap = Readonly<Record<string, Readonly<Record<string, Resolver>>>>;

const eventsOf = (module: object): EventDefinition[] =>
  Object.values(module).filter(
    (value): value is EventDefinition => typeof value === 'object' && value !== null && 'payload' in value,
  );

/** Everything that the tests look at, for each subgraph. */
export const DEFINITIONS = {
  projects: { ...PROJECTS_SUBGRAPH, events: eventsOf(projectsEvents) },
  tasks: { ...TASKS_SUBGRAPH, events: eventsOf(tasksEvents) },
  agents: { ...AGENTS_SUBGRAPH, events: eventsOf(agentsEvents) },
  chat: { ...CHAT_SUBGRAPH, events: eventsOf(chatEvents) },
} satisfies Record<SubgraphName, object>;

export const resolversOf = (name: SubgraphName): ResolverMap =>
  DEFINITIONS[name].resolvers as unknown as ResolverMap;
