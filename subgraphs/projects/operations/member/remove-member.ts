import { z } from 'zod';
import { DomainError, notFound } from '../../../../platform/input/errors.ts';
import { isUuid } from '../../../../platform/input/input.ts';
import { defineOperation } from '../../../../platform/subgraph/operation.ts';
import type { RequestContext } from '../../../../platform/subgraph/request.ts';
import { projectScope } from '../../../../schema/scopes.ts';
import { Member } from '../../entities/member.ts';
import type { Project } from '../../entities/project.ts';
import { lockProject } from '../project/steps/lock-project.ts';
import { changeRole } from './steps/change-role.ts';
import { requireAnotherOwner } from './steps/require-another-owner.ts';

const Input = z.strictObject({ projectId: z.string(), userId: z.string() });

/**
 * Removes a person from a project. From this commit on the person reads nothing of it.
 *
 * Returns the project, and null to a person who left it. Throws FORBIDDEN when an admin removes an owner, and
 * INVALID_TRANSITION for the last owner.
 */
export const removeMember = defineOperation(
  'memberRemove',
  Input,
  (ctx: RequestContext, { projectId, userId }): Promise<Project | null> =>
    ctx.transact(async (tx) => {
      // An agent does not leave a project for its person: that is not the work of a run.
      const isLeaving = tx.actor.kind === 'person' && tx.actor.id === userId;
      if (isLeaving && tx.isRepeat) return null;
      const least = isLeaving ? 'VIEWER' : 'ADMIN';
      const { project, role: ownRole } = await lockProject(tx, projectId, least, ['input', 'projectId']);
      if (tx.isRepeat) return project;
      const member = isUuid(userId)
        ? await tx.em.findOne(Member, { scope: projectScope(projectId), userId })
        : null;
      if (!member) throw notFound('Member', userId, ['input', 'userId']);
      if (member.role === 'OWNER') {
        if (ownRole !== 'OWNER') {
          throw new DomainError('FORBIDDEN', 'Only an owner removes an owner', {
            field: ['input', 'userId'],
          });
        }
        await requireAnotherOwner(tx, member);
      }
      await changeRole(tx, projectId, userId, null);
      return isLeaving ? null : project;
    }),
);
