import { follows, type StreamEventRoot, show } from '../../../platform/subscription.ts';
import { channelStream, MessageChanged } from '../../../schema/events/chat.ts';
import { requireChannel, requireChannelRole } from '../access.ts';
import type { SubscriptionResolvers } from '../generated/resolvers.ts';

export type MessageChangedRoot = StreamEventRoot & { messageId: string };

const MAPPINGS = [show(MessageChanged, ({ messageId }) => ({ __typename: 'MessageChanged', messageId }))];

export const Subscription: SubscriptionResolvers = {
  chatEvents: follows(async ({ channelId, after }, ctx) => {
    const channel = await requireChannel(ctx, channelId, 'VIEWER', ['channelId']);
    // Rights change in the project's stream, so they are looked up for every event.
    return {
      ctx,
      stream: channelStream(channel.id),
      after,
      mappings: MAPPINGS,
      authorise: (fresh) => requireChannelRole(fresh, channel, 'VIEWER', ['channelId']),
    };
  }),
};
