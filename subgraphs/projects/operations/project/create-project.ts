import { z } from 'zod';
import { isUniqueViolation } from '../../../../platform/database/database.ts';
import { once } from '../../../../platform/event-log/idempotency.ts';
import { setGrant } from '../../../../platform/identity/grants.ts';
import { DomainError } from '../../../../platform/input/errors.ts';
import { idempotencyKey, line, parseInput, text } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { projectStream } from '../../../../schema/events/event.ts';
import { MemberChanged } from '../../../../schema/events/projects.ts';
import { Project } from '../../entities/project.ts';
import { rememberUser } from '../user/remember-user.ts';
import { publishProject } from './steps/publish-project.ts';

const Input = z.object({
  key: z.string().regex(/^[A-Z][A-Z0-9]{1,9}$/, 'must be 2 to 10 capital letters and digits, a letter first'),
  name: line(1, 100),
  description: text(20_000).nullish(),
  idempotencyKey,
});

/** Creates a project and makes the viewer its owner. Throws DUPLICATE when the key is taken. */
export async function createProject(ctx: RequestContext, rawInput: unknown): Promise<Project> {
  const input = parseInput(Input, rawInput);
  const call = { actor: ctx.viewer.id, operation: 'projectCreate', key: input.idempotencyKey, input };
  try {
    return await ctx.transact(async (tx) => {
      const id = await once(tx.em, call, async () => {
        const project = tx.em.create(Project, {
          key: input.key,
          name: input.name,
          description: input.description ?? null,
        });
        await tx.em.flush();
        await rememberUser(tx.em, ctx.viewer);
        const stream = projectStream(project.id);
        await setGrant(tx.em, stream, ctx.viewer.id, 'OWNER');
        publishProject(tx, project);
        tx.publish(MemberChanged, {
          stream,
          subject: ctx.viewer.id,
          payload: { projectId: project.id, userId: ctx.viewer.id, role: 'OWNER' },
        });
        return project.id;
      });
      return tx.em.findOneOrFail(Project, { id });
    });
  } catch (error) {
    if (!isUniqueViolation(error, 'project_key_unique')) throw error;
    throw new DomainError('DUPLICATE', `The key ${input.key} is taken; choose another`, {
      field: ['input', 'key'],
    });
  }
}
