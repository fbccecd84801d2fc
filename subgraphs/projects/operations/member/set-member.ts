import { z } from 'zod';
import { setGrant } from '../../../../platform/identity/grants.ts';
import { DomainError, notFound } from '../../../../platform/input/errors.ts';
import { isUuid, parseInput } from '../../../../platform/input/input.ts';
import type { RequestContext } from '../../../../platform/subgraph/subgraph.ts';
import { projectStream } from '../../../../schema/events/event.ts';
import { MemberChanged } from '../../../../schema/events/projects.ts';
import { ROLES } from '../../../../schema/roles.ts';
import { requireProject } from '../../access.ts';
import { Member } from '../../entities/member.ts';
import { User } from '../../entities/user.ts';
import { requireAnotherOwner } from './steps/require-another-owner.ts';

const Input = z.object({ projectId: z.string(), userId: z.string(), role: z.enum(ROLES) });

/** Gives a person a role in a project. Throws FORBIDDEN when one who is not an owner makes or unmakes an owner. */
export async function setMember(ctx: RequestContext, rawInput: unknown): Promise<Member> {
  const { projectId, userId, role } = parseInput(Input, rawInput);
  const ownRole = await requireProject(ctx, projectId, 'ADMIN', ['input', 'projectId']);
  const scope = projectStream(projectId);
  return ctx.transact(async (tx) => {
    const known = isUuid(userId) && (await tx.em.count(User, { id: userId })) > 0;
    if (!known) throw notFound('User', userId, ['input', 'userId']);
    const before = await tx.em.findOne(Member, { scope, userId });
    if (ownRole !== 'OWNER' && (role === 'OWNER' || before?.role === 'OWNER')) {
      throw new DomainError('FORBIDDEN', 'Only an owner makes or unmakes an owner', {
        field: ['input', 'role'],
      });
    }
    if (role !== 'OWNER') await requireAnotherOwner(tx, scope, userId);
    await setGrant(tx.em, scope, userId, role);
    tx.publish(MemberChanged, { stream: scope, subject: userId, payload: { projectId, userId, role } });
    return tx.em.findOneOrFail(Member, { scope, userId }, { refresh: true });
  });
}
