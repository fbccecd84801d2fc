import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { countStatements } from '../../../platform/testing/statements.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A project with its owner and an admin. */
async function aTeam() {
  const ada = await world.signedIn('Ada');
  const { id: projectId } = await world.project(ada);
  return { ada, projectId, bob: await world.member(ada, projectId, 'ADMIN') };
}

describe('the members of projects', () => {
  const LIST = `query ($first: Int, $after: String) { projects { nodes { id members(first: $first, after: $after) {
    nodes { role user { id } } pageInfo { hasNextPage endCursor } } } } }`;

  test('are listed page by page, in the order of joining', async () => {
    const { ada, bob, projectId } = await aTeam();
    const cleo = await world.member(ada, projectId, 'VIEWER');

    const first = await world.ask(ada, LIST, { first: 2 });
    const { nodes, pageInfo } = first.data.projects.nodes[0].members;
    const second = await world.ask(ada, LIST, { first: 2, after: pageInfo.endCursor });

    const ids = [...nodes, ...second.data.projects.nodes[0].members.nodes].map(({ user }) => user.id);
    expect(ids).toEqual([ada.id, bob.id, cleo.id]);
    expect(pageInfo.hasNextPage).toBe(true);
  });

  test('of several projects are read in one statement, and those of each project are its own', async () => {
    const { projectId, ada, bob } = await aTeam();
    const other = await world.project(ada);

    const { result, statements } = await countStatements(world.subgraph.orm, () => world.ask(ada, LIST));

    const idsOf = (id: string) =>
      result.data.projects.nodes
        .find((project: { id: string }) => project.id === id)
        .members.nodes.map(({ user }: { user: { id: string } }) => user.id);
    expect(idsOf(projectId)).toEqual([ada.id, bob.id]);
    expect(idsOf(other.id)).toEqual([ada.id]);
    expect(statements).toHaveLength(4); // the grants, the projects, their members, the people
  });
});
