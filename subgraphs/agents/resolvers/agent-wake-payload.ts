import type { Resolvers } from '../generated/resolvers.ts';

export const AgentWakePayload: Resolvers['AgentWakePayload'] = {
  // The payload of an expected failure holds nothing but `userErrors`.
  isAccepted: ({ isAccepted }) => isAccepted ?? false,
};
