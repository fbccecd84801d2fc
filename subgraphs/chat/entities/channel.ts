import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import { streamPosition } from '../../../platform/event-log/stream-position.ts';
import { channelStream } from '../../../schema/events/chat.ts';

/** The name of the channel that every project has from its creation. */
export const GENERAL = 'general';

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
    /** The name as it is compared; see `nameKey`. Unique in the project. */
    nameKey: p.text(),
    /** The `seq` of the newest message; 0 before the first. Incremented under the lock of this row. */
    lastSeq: p.integer().default(0),
    createdAt: p.datetime().length(3),
    /** How far the channel's stream was when the row was read. */
    streamSeq: streamPosition(({ id }) => `'${channelStream('')}' || ${id}`),
  },
});

/** A channel of a project, in which its members write messages. */
export class Channel extends ChannelSchema.class {}
ChannelSchema.setClass(Channel);
