import type { Case } from '../case.ts';
import { order, postAgent } from '../client.ts';

const POSTS = 24;
const SLOTS = 8;

/** Needs the gateway for itself: it fills all slots. */
export const capacity: Case[] = [
  {
    name: `of ${POSTS} posts at once ${SLOTS} run, then ${SLOTS}; the rest is answered 503 and never runs`,
    async see(subject, sessionKey) {
      // The first row ends before the others' time is over, the second one after it.
      const delayMs = subject.admissionTimeoutMs * 0.6;
      const keys = Array.from({ length: POSTS }, (_, index) => `${sessionKey}-${index}`);
      const posts = await Promise.all(
        keys.map(async (key) => ({
          key,
          answer: await postAgent(subject, order(key, `[[delay=${delayMs}]] [[say=x]]`)),
        })),
      );
      const taken = posts.filter(({ answer }) => answer.status === 200);
      const refused = posts.filter(({ answer }) => answer.status === 503);
      await Promise.all(taken.map(({ key }) => subject.receiver.accepted(key)));
      return {
        taken: taken.length,
        refused: refused.map(({ answer }) => answer.body.error),
        callsOfTaken: taken.map(({ key }) => subject.modelCalls(key)),
        callsOfRefused: refused.map(({ key }) => subject.modelCalls(key)),
      };
    },
    expected: {
      taken: 2 * SLOTS,
      refused: Array(SLOTS).fill('hook agent run did not start before admission timeout'),
      callsOfTaken: Array(2 * SLOTS).fill(1),
      callsOfRefused: Array(SLOTS).fill(0),
    },
  },
];
