import { until } from '../../platform/testing/wait.ts';
import { allTold, type Case, SUCCESS, told, underway } from '../case.ts';
import { get, history, order, postAgent, rpc } from '../client.ts';
import type { Subject } from '../subject.ts';

/** Each needs the gateway for itself. */
export const restarts: Case[] = [
  {
    name: 'SIGTERM in the middle of a run: posts are refused, the run ends, its callback comes',
    async see(subject, sessionKey) {
      await postAgent(subject, order(sessionKey, '[[delay=4000]] [[say=in time]]'));
      await underway(subject, sessionKey);
      const restarting = subject.restart('SIGTERM');
      await until('not ready', async () => (await get(subject, '/readyz')).status === 503);
      const refused = await postAgent(subject, order(`${sessionKey}-late`, '[[say=x]]'));
      await restarting;
      const callbacks = await allTold(subject, sessionKey);
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
    name: 'SIGKILL in the middle of a run: the session resumes by itself and its callback comes',
    async see(subject, sessionKey) {
      await postAgent(subject, order(sessionKey, '[[delay=1000]] [[say=resumed]]'));
      await underway(subject, sessionKey);
      await subject.restart('SIGKILL');
      const callbacks = await allTold(subject, sessionKey);
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
    name: 'a post for a session that is being resumed makes that fail, and succeeds itself',
    async see(subject, sessionKey) {
      const fields = order(sessionKey, '[[delay=2000]] [[say=posted]]');
      await postAgent(subject, fields);
      await underway(subject, sessionKey);
      await subject.restart('SIGKILL');
      await underway(subject, sessionKey, 2);
      await postAgent(subject, fields);
      const callbacks = await subject.receiver.accepted(sessionKey, 2);
      const summaries = callbacks.map(told).map(({ trigger, success, text, error }) => ({
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
    name: 'SIGKILL and a start: idempotency is forgotten, histories are not, bootId is another',
    async see(subject, sessionKey) {
      const fields = order(sessionKey, '[[say=again]]');
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
        isSameLife: bootId === (await readBootId(subject)),
        callbacks: callbacks.length,
        calls: subject.modelCalls(sessionKey),
      };
    },
    expected: { history: 200, isSameRun: false, isSameLife: false, callbacks: 2, calls: 2 },
  },
  {
    name: 'a callback that nobody took before SIGTERM comes after the next start',
    async see(subject, sessionKey) {
      await subject.receiver.shut();
      await postAgent(subject, order(sessionKey, '[[say=kept]]', { waitForCompletion: true }));
      await subject.restart('SIGTERM');
      const before = subject.receiver.of(sessionKey).length;
      await subject.receiver.open();
      return { before, callbacks: await allTold(subject, sessionKey), calls: subject.modelCalls(sessionKey) };
    },
    expected: { before: 0, callbacks: [{ ...SUCCESS, text: 'kept' }], calls: 1 },
  },
];

const readBootId = async (subject: Subject): Promise<string> =>
  (await rpc(subject, 'agents.list', {})).hello.payload.server.bootId;
