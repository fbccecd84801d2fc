import { type AccessTable, atLeast, MAKER_ONLY } from './table.ts';

export const MUTATIONS: AccessTable = {
  channelCreate: {
    verdicts: atLeast('MEMBER'),
    arrange: ({ projectId, newSlug }) => ({ projectId, name: newSlug() }),
  },
  messageSend: {
    verdicts: atLeast('MEMBER'),
    arrange: async ({ channel }) => ({ channelId: (await channel()).id, body: 'Hello' }),
  },
  messageEdit: {
    verdicts: MAKER_ONLY,
    arrange: async ({ newMessage }) => ({ id: (await newMessage()).id, body: 'Hello again' }),
  },
  messageDelete: {
    verdicts: { ...MAKER_ONLY, ADMIN: 'OK' },
    arrange: async ({ newMessage }) => ({ id: (await newMessage()).id }),
  },
};

export const SUBSCRIPTIONS: AccessTable = {
  chatEvents: {
    verdicts: atLeast('VIEWER'),
    arrange: async ({ channel }) => ({ channelId: (await channel()).id }),
  },
};
