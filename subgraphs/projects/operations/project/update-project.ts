import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { versionConflict } from '../../../../platform/input/errors.ts';
import { line, parseInput, text } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { requireProject } from '../../access.ts';
import { Project } from '../../entities/project.ts';
import { publishProject } from './steps/publish-project.ts';

const Input = z.object({
  id: z.string(),
  name: line(1, 100).optional(),
  description: text(20_000).nullish(),
  expectedVersion: z.int().nullish(),
});

/** Changes a project's name or description. Throws VERSION_CONFLICT when it is not at `expectedVersion`. */
export async function updateProject(ctx: RequestContext, rawInput: unknown): Promise<Project> {
  const { id, expectedVersion, name, description } = parseInput(Input, rawInput);
  await requireProject(ctx, id, 'ADMIN', ['input', 'id']);
  return ctx.transact(async (tx) => {
    const project = await tx.em.findOneOrFail(Project, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (expectedVersion != null && project.version !== expectedVersion) throw versionConflict({ project });
    if (name !== undefined) project.name = name;
    if (description !== undefined) project.description = description;
    await tx.em.flush();
    publishProject(tx, project);
    return project;
  });
}
