import { z } from 'zod';
import { findById } from '../../../../platform/database/find.ts';
import { DomainError, notFound } from '../../../../platform/input/errors.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { ROLES } from '../../../../schema/roles.ts';
import { projectScope } from '../../../../schema/scopes.ts';
import { Member } from '../../entities/member.ts';
import { User } from '../../entities/user.ts';
import { lockProject } from '../project/steps/lock-project.ts';
import { changeRole } from './steps/change-role.ts';
import { requireAnotherOwner } from './steps/require-another-owner.ts';

const Input = z.strictObject({ projectId: z.string(), userId: z.string(), role: z.enum(ROLES) });

/**
 * Gives a person a role in a project. The role that the person already has is ignored: no event.
 * Throws FORBIDDEN when an admin makes or unmakes an owner, INVALID_TRANSITION when the last owner would get another role.
 */
export const setMember = defineOperation(
  'memberSet',
  Input,
  (ctx: RequestContext, { projectId, userId, role }) =>
    ctx.transact(async (tx) => {
      const { project, role: ownRole } = await lockProject(tx, projectId, 'ADMIN', ['input', 'projectId']);
      if (!(await findById(tx.em, User, userId))) throw notFound('User', userId, ['input', 'userId']);
      const identity = { scope: projectScope(projectId), userId };
      const before = await tx.em.findOne(Member, identity);
      if (tx.isRepeat) return { project, member: before };
      if (before?.role === role) return { project, member: before };
      if (ownRole !== 'OWNER' && (role === 'OWNER' || before?.role === 'OWNER')) {
        throw new DomainError('FORBIDDEN', 'Only an owner makes or unmakes an owner', {
          field: ['input', 'role'],
        });
      }
      if (before?.role === 'OWNER') await requireAnotherOwner(tx, before);
      await changeRole(tx, projectId, userId, role);
      const member = await tx.em.findOneOrFail(Member, identity, { refresh: true });
      return { project, member };
    }),
);
