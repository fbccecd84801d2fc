import type { FilterQuery } from '@mikro-orm/core';
import { isWorkspaceAdmin } from '../../../platform/identity/actor.ts';
import { cleanLine } from '../../../platform/input/clean-text.ts';
import { isStorable, isUuid } from '../../../platform/input/input.ts';
import type { Agent } from '../entities/agent.ts';
import type { AgentsContext } from '../loaders.ts';

/** Which agents to list. What is absent does not narrow the list. */
export interface AgentFilter {
  isEnabled?: boolean | null | undefined;
  projectId?: string | null | undefined;
  tag?: string | null | undefined;
  includeArchived?: boolean | null | undefined;
}

const NO_AGENT: FilterQuery<Agent> = { id: { $in: [] } };

/** Selects the agents that the actor may see (see `maySeeAgent`), narrowed by a filter. */
export async function selectAgents(
  { loaders, actor }: AgentsContext,
  { isEnabled, projectId, tag, includeArchived }: AgentFilter,
): Promise<FilterQuery<Agent>> {
  const own = await loaders.projectIds();
  const visible: FilterQuery<Agent>[] = [{ projectIds: null }, { projectIds: { $overlap: own } }];
  if (actor.kind === 'person') visible.push({ ownerId: actor.id });
  const all: FilterQuery<Agent>[] = isWorkspaceAdmin(actor) ? [] : [{ $or: visible }];
  if (isEnabled != null) all.push({ isEnabled });
  if (tag != null) all.push(isStorable(tag) ? { tags: { $contains: [cleanLine(tag)] } } : NO_AGENT);
  if (!includeArchived) all.push({ archivedAt: null });
  if (projectId != null) {
    const forProject = { $or: [{ projectIds: null }, { projectIds: { $contains: [projectId] } }] };
    all.push(isUuid(projectId) ? forProject : NO_AGENT);
  }
  return { $and: all };
}
