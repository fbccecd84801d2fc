import { randomUUID } from 'node:crypto';
import { createRequestContext, openRoom, type Room } from '../../../platform/room.ts';
import { openTestInfrastructure, testLog } from '../../../platform/testing/infrastructure.ts';
import { PROJECTS_DATABASE } from '../database.ts';
import { extendContext, type ProjectsContext } from '../loaders.ts';
import { createProject } from '../operations/create-project.ts';

/** The room of projects on a database of its own, without its server. */
export async function openWorld() {
  const infrastructure = await openTestInfrastructure();
  const room: Room = await openRoom(
    { name: 'projects', ...PROJECTS_DATABASE, reactions: [] },
    infrastructure,
    testLog,
  );

  const as = (displayName: string, id: string = randomUUID()): ProjectsContext =>
    extendContext(createRequestContext(room, { id, displayName, avatarUrl: null }, testLog));

  return {
    room,
    /** A request by somebody new, or by somebody known by id. */
    as,
    project: (ctx: ProjectsContext, overrides: Record<string, unknown> = {}) =>
      createProject(ctx, { key: uniqueKey(), name: 'Team Board', ...overrides }),
    async close() {
      await room.close();
      await infrastructure.close();
    },
  };
}

let keys = 0;
const uniqueKey = () => `K${(keys++).toString(36).toUpperCase().padStart(3, '0')}`;
