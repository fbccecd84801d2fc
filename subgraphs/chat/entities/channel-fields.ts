import { defineFieldTable } from '../../../platform/database/field-table.ts';
import { Channel } from './channel.ts';

/** Everything that can change in a channel. No input changes a channel; sending a message counts it. */
export const CHANNEL_FIELDS = defineFieldTable(Channel, {
  lastSeq: { apiNames: [] },
});
