import type { Resolvers } from '../generated/resolvers.ts';
import { promptOf } from '../openclaw/request.ts';
import { sumUsage } from '../queries/run-usage.ts';

export const RunAttempt: Resolvers['RunAttempt'] = {
  prompt: ({ requestBody }) => promptOf(requestBody),
  failure: ({ failureCode, failureMessage }) =>
    failureCode ? { code: failureCode, message: failureMessage ?? '' } : null,
  usage: (attempt) => sumUsage([attempt]),
};
