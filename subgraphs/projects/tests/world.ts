import { randomUUID } from 'node:crypto';
import { createRequestContext, openSubgraph, type Subgraph } from '../../../platform/subgraph/subgraph.ts';
import { openTestInfrastructure, testLog } from '../../../platform/testing/infrastructure.ts';
import { PROJECTS_DATABASE } from '../database.ts';
import { extendContext, type ProjectsContext } from '../loaders.ts';
import { createProject } from '../operations/project/create-project.ts';

/** The projects subgraph on a database of its own, without its server. */
export async function openWorld() {
  const infrastructure = await openTestInfrastructure();
  const subgraph: Subgraph = await openSubgraph(
    { name: 'projects', ...PROJECTS_DATABASE, reactions: [] },
    infrastructure,
    testLog,
  );

  const as = (displayName: string, id: string = randomUUID()): ProjectsContext =>
    extendContext(createRequestContext(subgraph, { id, displayName, avatarUrl: null }, testLog));

  return {
    subgraph,
    /** A request by somebody new, or by somebody known by id. */
    as,
    project: (ctx: ProjectsContext, overrides: Record<string, unknown> = {}) =>
      createProject(ctx, { key: uniqueKey(), name: 'Team Board', ...overrides }),
    async close() {
      await subgraph.close();
      await infrastructure.close();
    },
  };
}

let keys = 0;
const uniqueKey = () => `K${(keys++).toString(36).toUpperCase().padStart(3, '0')}`;
