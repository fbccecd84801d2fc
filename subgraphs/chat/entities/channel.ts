import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';

/** The channel that every project has from its beginning. */
export const GENERAL = 'general';

/**
 * A name as it is compared: two names with the same key are the same name.
 * Folded here and not by PostgreSQL, whose `lower` depends on the locale of each database.
 */
export const nameKeyOf = (name: string): string => name.normalize('NFC').toLowerCase();

const ChannelSchema = defineEntity({
  name: 'Channel',
  tableName: 'channel',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    projectId: p.uuid(),
    name: p.string().length(80),
    nameKey: p.text(),
    /** The `seq` of the newest message; 0 before the first. Counted up under this row's lock. */
    lastSeq: p.integer().default(0),
    createdAt: p
      .datetime()
      .length(3)
      .onCreate(() => new Date()),
  },
});

/** A place to talk about a project. */
export class Channel extends ChannelSchema.class {}
ChannelSchema.setClass(Channel);
