import type { Case } from '../case.ts';
import { hookBody, postAgent } from '../client.ts';

/** Covers three retry delays of the plugin: 1 s, 5 s and 30 s. */
const REFUSALS = 3;

export const callbacks: Case[] = [
  {
    name: `a callback that was answered 503 ${REFUSALS} times is sent again with the same id until it is accepted`,
    async observe(subject, sessionKey) {
      subject.receiver.refuse(sessionKey, REFUSALS);
      await postAgent(subject, hookBody(sessionKey, '[[say=at last]]'));
      await subject.receiver.accepted(sessionKey);
      const all = subject.receiver.of(sessionKey);
      return {
        statuses: all.map(({ status }) => status),
        ids: new Set(all.map(({ webhookId }) => webhookId)).size,
        areSigned: all.every(({ isSigned }) => isSigned),
      };
    },
    expected: { statuses: [503, 503, 503, 200], ids: 1, areSigned: true },
  },
];
