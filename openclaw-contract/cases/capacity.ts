import type { Case } from '../case.ts';
import { hookBody, postAgent } from '../client.ts';

const POSTS = 24;
const SLOTS = 8;

/** Must not run together with other cases, because it uses all slots. */
export const capacity: Case[] = [
  {
    name: `${POSTS} posts at once: ${SLOTS} run, then ${SLOTS}; the others are answered 503 and never run`,
    async observe(subject, sessionKey) {
      // The first runs end before the admission timeout of the other posts, the second runs after it.
      const delayMs = subject.admissionTimeoutMs * 0.6;
      const keys = Array.from({ length: POSTS }, (_, index) => `${sessionKey}-${index}`);
      const posts = await Promise.all(
        keys.map(async (key) => ({
          key,
          answer: await postAgent(subject, hookBody(key, `[[delay=${delayMs}]] [[say=x]]`)),
        })),
      );
      const admitted = posts.filter(({ answer }) => answer.status === 200);
      const refused = posts.filter(({ answer }) => answer.status === 503);
      await Promise.all(admitted.map(({ key }) => subject.receiver.accepted(key)));
      return {
        admitted: admitted.length,
        refused: refused.map(({ answer }) => answer.body.error),
        callsOfAdmitted: admitted.map(({ key }) => subject.modelCalls(key)),
        callsOfRefused: refused.map(({ key }) => subject.modelCalls(key)),
      };
    },
    expected: {
      admitted: 2 * SLOTS,
      refused: Array(SLOTS).fill('hook agent run did not start before admission timeout'),
      callsOfAdmitted: Array(2 * SLOTS).fill(1),
      callsOfRefused: Array(SLOTS).fill(0),
    },
  },
];
