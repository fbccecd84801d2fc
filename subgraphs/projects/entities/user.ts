import { defineEntity, p } from '@mikro-orm/core';
import { DISPLAY_NAME_CHARACTERS_MAX, type Person, person } from '../../../platform/identity/actor.ts';

const UserSchema = defineEntity({
  name: 'User',
  tableName: 'app_user',
  properties: {
    id: p.uuid().primary(),
    displayName: p.string().length(DISPLAY_NAME_CHARACTERS_MAX),
    avatarUrl: p.string().length(2000).nullable(),
  },
});

/** A person who has signed in, with the name and picture of the last sign-in. */
export class User extends UserSchema.class {}
UserSchema.setClass(User);

/** A person's name and picture as they are kept, within the bounds of `person`, whoever stated them. */
export function profileOf(stated: Person): Pick<Person, 'displayName' | 'avatarUrl'> {
  const { displayName, avatarUrl } = person(stated);
  return { displayName, avatarUrl };
}
