import { follows, type StreamEventRoot, show } from '../../../platform/subgraph/subscription.ts';
import { ChannelLeft, channelStream, MessageChanged } from '../../../schema/events/chat.ts';
import { requireChannel, requireChannelRole } from '../access.ts';
import type { SubscriptionResolvers } from '../generated/resolvers.ts';

export type MessageChangedRoot = StreamEventRoot & { messageId: string };

const MAPPINGS = [show(MessageChanged, ({ messageId }) => ({ __typename: 'MessageChanged', messageId }))];

export const Subscription: SubscriptionResolvers = {
  chatEvents: follows(MAPPINGS, async ({ channelId, after }, ctx) => {
    const channel = await requireChannel(ctx, channelId, 'VIEWER', ['channelId']);
    return {
      ctx,
      stream: channelStream(channel.id),
      after,
      rightsChange: ChannelLeft,
      // A message may be committed after a removal and before this stream has the event of it.
      checksEveryEvent: true,
      authorise: (fresh) => requireChannelRole(fresh, channel, 'VIEWER', ['channelId']),
    };
  }),
};
