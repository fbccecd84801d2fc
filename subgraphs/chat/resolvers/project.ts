import { maySee } from '../access.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import { listChannels } from '../queries/list-channels.ts';

export const Project: Resolvers['Project'] = {
  __resolveReference: async ({ id }, ctx) => ((await maySee(ctx, id)) ? { id } : null),
  channels: ({ id }, args, ctx) => listChannels(ctx, id, args),
};
