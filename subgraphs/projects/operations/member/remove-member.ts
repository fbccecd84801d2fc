import { z } from 'zod';
import { removeGrant } from '../../../../platform/identity/grants.ts';
import { DomainError, notFound } from '../../../../platform/input/errors.ts';
import { isUuid, parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { projectStream } from '../../../../schema/events/event.ts';
import { MemberChanged } from '../../../../schema/events/projects.ts';
import { requireProject } from '../../access.ts';
import { Member } from '../../entities/member.ts';
import { requireAnotherOwner } from './steps/require-another-owner.ts';

const Input = z.object({ projectId: z.string(), userId: z.string() });

/** Takes a person out of a project; from this commit on, that person gets nothing of it any more. */
export async function removeMember(ctx: RequestContext, rawInput: unknown): Promise<void> {
  const { projectId, userId } = parseInput(Input, rawInput);
  const isOneself = userId === ctx.viewer.id;
  const ownRole = await requireProject(ctx, projectId, isOneself ? 'VIEWER' : 'ADMIN', [
    'input',
    'projectId',
  ]);
  const scope = projectStream(projectId);
  await ctx.transact(async (tx) => {
    const member = isUuid(userId) ? await tx.em.findOne(Member, { scope, userId }) : null;
    if (!member) throw notFound('Member', userId, ['input', 'userId']);
    if (member.role === 'OWNER' && ownRole !== 'OWNER') {
      throw new DomainError('FORBIDDEN', 'Only an owner takes an owner out', { field: ['input', 'userId'] });
    }
    await requireAnotherOwner(tx, scope, userId);
    await removeGrant(tx.em, scope, userId);
    tx.publish(MemberChanged, { stream: scope, subject: userId, payload: { projectId, userId, role: null } });
  });
}
