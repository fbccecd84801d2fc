import { mutation } from '../../../platform/subgraph/operation.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { createChannel } from '../operations/channel/create-channel.ts';
import { deleteMessage } from '../operations/message/delete-message.ts';
import { editMessage } from '../operations/message/edit-message.ts';
import { sendMessage } from '../operations/message/send-message.ts';

export const Mutation: MutationResolvers = {
  channelCreate: mutation(createChannel, (channel) => ({ channel })),
  messageSend: mutation(sendMessage, (message) => ({ message })),
  messageEdit: mutation(editMessage, (message) => ({ message })),
  messageDelete: mutation(deleteMessage, (message) => ({ message })),
};
