import { defineEntity, p } from '@mikro-orm/core';
import type { Person } from '../../../platform/identity/actor.ts';
import { httpsUrl } from '../../../platform/input/input.ts';
import { cutText } from '../../../platform/input/text.ts';

const DISPLAY_NAME_CHARACTERS_MAX = 200;

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

/**
 * A person's name and picture as they are kept. The name is cut to 200 characters. A picture that is not at an https
 * address of at most 2,000 characters is left out.
 */
export const profileOf = ({ displayName, avatarUrl }: Person) => ({
  displayName: cutText(displayName, DISPLAY_NAME_CHARACTERS_MAX),
  avatarUrl: httpsUrl.nullable().catch(null).parse(avatarUrl),
});
