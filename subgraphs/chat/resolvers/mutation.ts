import { payload } from '../../../platform/graphql/user-errors.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { createChannel } from '../operations/channel/create-channel.ts';
import { deleteMessage } from '../operations/message/delete-message.ts';
import { editMessage } from '../operations/message/edit-message.ts';
import { sendMessage } from '../operations/message/send-message.ts';

export const Mutation: MutationResolvers = {
  channelCreate: (_root, { input }, ctx) =>
    payload(async () => ({ channel: await createChannel(ctx, input) })),
  messageSend: (_root, { input }, ctx) => payload(async () => ({ message: await sendMessage(ctx, input) })),
  messageEdit: (_root, { input }, ctx) => payload(async () => ({ message: await editMessage(ctx, input) })),
  messageDelete: (_root, { input }, ctx) =>
    payload(async () => ({ message: await deleteMessage(ctx, input) })),
};
