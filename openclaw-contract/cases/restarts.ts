import { until } from '../../platform/testing/wait.ts';
import { type Case, callbackSummary, callbacksOf, SUCCESS, untilRunning } from '../case.ts';
import { get, history, hookBody, postAgent, rpc } from '../client.ts';
import type { Subject } from '../subject.ts';

/** These cases must not run together with others, because they restart the gateway. */
export const restarts: Case[] = [
  {
    name: 'SIGTERM during a run: posts are refused, the run ends, and its callback is sent',
    async observe(subject, sessionKey) {
      await postAgent(subject, hookBody(sessionKey, '[[delay=4000]] [[say=in time]]'));
      await untilRunning(subject, sessionKey);
      const restarting = subject.restart('SIGTERM');
      await until('not ready', async () => (await get(subject, '/readyz')).status === 503);
      const refused = await postAgent(subject, hookBody(`${sessionKey}-late`, '[[say=x]]'));
      await restarting;
      const callbacks = await callbacksOf(subject, sessionKey);
      const { status, body } = refused;
      return { refused: [status, body.error.code], callbacks, calls: subject.modelCalls(sessionKey) };
    },
    expected: {
      refused: [503, 'gateway_unavailable'],
      callbacks: [{ ...SUCCESS, text: 'in time' }],
      calls: 1,
    },
  },
  {
    name: 'SIGKILL during a run: OpenClaw resumes the session, and its callback is sent',
    async observe(subject, sessionKey) {
      await postAgent(subject, hookBody(sessionKey, '[[delay=1000]] [[say=resumed]]'));
      await untilRunning(subject, sessionKey);
      await subject.restart('SIGKILL');
      const callbacks = await callbacksOf(subject, sessionKey);
      const { body } = await history(subject, `agent:main:${sessionKey}`);
      const hasSystemRow = body.items.some(({ content }: { content: unknown }) =>
        JSON.stringify(content).includes('[System] Your previous turn was interrupted'),
      );
      return { callbacks, calls: subject.modelCalls(sessionKey), hasSystemRow };
    },
    expected: {
      callbacks: [{ ...SUCCESS, trigger: 'user', text: 'resumed' }],
      calls: 2,
      hasSystemRow: true,
    },
  },
  {
    name: 'a post for a session that is being resumed succeeds, and the resumed run fails',
    async observe(subject, sessionKey) {
      const fields = hookBody(sessionKey, '[[delay=2000]] [[say=posted]]');
      await postAgent(subject, fields);
      await untilRunning(subject, sessionKey);
      await subject.restart('SIGKILL');
      await untilRunning(subject, sessionKey, 2);
      await postAgent(subject, fields);
      const callbacks = await subject.receiver.accepted(sessionKey, 2);
      const summaries = callbacks.map(callbackSummary).map(({ trigger, success, text, error }) => ({
        trigger,
        success,
        text,
        error: error?.replace(sessionKey, '<key>') ?? null,
      }));
      return { callbacks: summaries, calls: subject.modelCalls(sessionKey) };
    },
    expected: {
      callbacks: [
        {
          trigger: 'user',
          success: false,
          text: '',
          error:
            'Failed to persist terminal assistant error: session rebound for sessionKey: agent:main:<key>',
        },
        { trigger: 'cron', success: true, text: 'posted', error: null },
      ],
      calls: 3,
    },
  },
  {
    name: 'SIGKILL and a new start: idempotency keys are lost, histories are kept, bootId changes',
    async observe(subject, sessionKey) {
      const fields = hookBody(sessionKey, '[[say=again]]');
      const headers = { 'idempotency-key': `key-of-${sessionKey}` };
      const first = await postAgent(subject, fields, headers);
      await subject.receiver.accepted(sessionKey);
      const bootId = await readBootId(subject);
      await subject.restart('SIGKILL');
      const { status } = await history(subject, `agent:main:${sessionKey}`);
      const second = await postAgent(subject, fields, headers);
      const callbacks = await subject.receiver.accepted(sessionKey, 2);
      return {
        history: status,
        isSameRun: first.body.runId === second.body.runId,
        isSameProcess: bootId === (await readBootId(subject)),
        callbacks: callbacks.length,
        calls: subject.modelCalls(sessionKey),
      };
    },
    expected: { history: 200, isSameRun: false, isSameProcess: false, callbacks: 2, calls: 2 },
  },
  {
    name: 'a callback that was not delivered before SIGTERM is sent after the next start',
    async observe(subject, sessionKey) {
      await subject.receiver.stopListening();
      await postAgent(subject, hookBody(sessionKey, '[[say=kept]]', { waitForCompletion: true }));
      await subject.restart('SIGTERM');
      const before = subject.receiver.of(sessionKey).length;
      await subject.receiver.startListening();
      return {
        before,
        callbacks: await callbacksOf(subject, sessionKey),
        calls: subject.modelCalls(sessionKey),
      };
    },
    expected: { before: 0, callbacks: [{ ...SUCCESS, text: 'kept' }], calls: 1 },
  },
];

const readBootId = async (subject: Subject): Promise<string> =>
  (await rpc(subject, 'agents.list', {})).hello.payload.server.bootId;
