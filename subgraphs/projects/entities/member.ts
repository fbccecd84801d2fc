import { defineEntity, p } from '@mikro-orm/core';
import type { Role } from '../../../schema/roles.ts';
import { User } from './user.ts';

const MemberSchema = defineEntity({
  name: 'Member',
  schema: 'access',
  tableName: 'grant',
  properties: {
    scope: p.string().primary(),
    userId: () => p.manyToOne(User).mapToPk().primary().fieldName('subject'),
    role: p.string().$type<Role>(),
    joinedAt: p.datetime().length(3).fieldName('granted_at'),
  },
});

/** A person's role in a project: a row of the grants, which every subgraph reads and only this one writes. */
export class Member extends MemberSchema.class {}
MemberSchema.setClass(Member);
