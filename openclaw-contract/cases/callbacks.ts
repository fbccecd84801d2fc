import type { Case } from '../case.ts';
import { order, postAgent } from '../client.ts';

/** Three pauses of the plugin: 1 s, 5 s and 30 s. */
const REFUSALS = 3;

export const callbacks: Case[] = [
  {
    name: `a callback that was answered 503 ${REFUSALS} times comes again with the same id until it is taken`,
    async see(subject, sessionKey) {
      subject.receiver.refuse(sessionKey, REFUSALS);
      await postAgent(subject, order(sessionKey, '[[say=at last]]'));
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
