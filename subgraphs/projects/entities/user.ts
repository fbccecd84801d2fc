import { defineEntity, p } from '@mikro-orm/core';

const UserSchema = defineEntity({
  name: 'User',
  tableName: 'app_user',
  properties: {
    id: p.uuid().primary(),
    displayName: p.string().length(200),
    avatarUrl: p.string().length(2000).nullable(),
  },
});

/** A person who has signed in at least once, named as at the last time. */
export class User extends UserSchema.class {}
UserSchema.setClass(User);
