import { defineFieldTable } from '../../../platform/database/field-table.ts';
import { nonBlankText } from '../../../platform/input/input.ts';
import { Message } from './message.ts';

/** Everything that can change in a message. The times are set by the operations that edit and delete. */
export const MESSAGE_FIELDS = defineFieldTable(Message, {
  body: { input: nonBlankText(20_000), apiNames: ['body'] },
  editedAt: { apiNames: ['editedAt'] },
  deletedAt: { apiNames: ['deletedAt'] },
});
