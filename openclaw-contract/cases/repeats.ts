import { type Case, callbacksOf } from '../case.ts';
import { hookBody, postAgent, run } from '../client.ts';

const keyed = (sessionKey: string) => ({ 'idempotency-key': `key-of-${sessionKey}` });

export const repeats: Case[] = [
  {
    name: 'posts with the same bytes and the same Idempotency-Key are one run with one runId',
    async observe(subject, sessionKey) {
      const fields = hookBody(sessionKey, '[[delay=500]] [[say=once]]');
      const [first, second] = await Promise.all([
        postAgent(subject, fields, keyed(sessionKey)),
        postAgent(subject, fields, keyed(sessionKey)),
      ]);
      const callbacks = await callbacksOf(subject, sessionKey);
      const third = await postAgent(subject, fields, keyed(sessionKey));
      return {
        statuses: [first.status, second.status, third.status],
        runIds: new Set([first, second, third].map(({ body }) => body.runId)).size,
        callbacks: callbacks.length,
        calls: subject.modelCalls(sessionKey),
      };
    },
    expected: { statuses: [200, 200, 200], runIds: 1, callbacks: 1, calls: 1 },
  },
  {
    name: 'waitForCompletion with a known key returns the end of that run',
    async observe(subject, sessionKey) {
      const fields = hookBody(sessionKey, '[[say=once]]');
      const first = await postAgent(subject, fields, keyed(sessionKey));
      await callbacksOf(subject, sessionKey);
      const again = await run(subject, fields, keyed(sessionKey));
      return {
        isSameRun: again.body.runId === first.body.runId,
        completion: again.body.completion.status,
        calls: subject.modelCalls(sessionKey),
      };
    },
    expected: { isSameRun: true, completion: 'ok', calls: 1 },
  },
  {
    name: 'a post with a changed message and the same Idempotency-Key is another run',
    async observe(subject, sessionKey) {
      const first = await run(subject, hookBody(sessionKey, '[[say=one]]'), keyed(sessionKey));
      const second = await run(subject, hookBody(sessionKey, '[[say=two]]'), keyed(sessionKey));
      const callbacks = await subject.receiver.accepted(sessionKey, 2);
      return {
        isSameRun: second.body.runId === first.body.runId,
        texts: callbacks.map(({ body }) => body.text),
        calls: subject.modelCalls(sessionKey),
      };
    },
    expected: { isSameRun: false, texts: ['one', 'two'], calls: 2 },
  },
];
