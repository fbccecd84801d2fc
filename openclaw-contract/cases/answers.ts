import { type Case, callbacksOf, lastRow, SUCCESS } from '../case.ts';
import { history, hookBody, post, run } from '../client.ts';

const VISIBLE = { status: 'ok', replyDisposition: 'visible', delivered: false, deliveryAttempted: false };
const SILENT = { ...VISIBLE, replyDisposition: 'silent' };
const CUT_MARK = '\n...(truncated)...';

export const answers: Case[] = [
  {
    name: 'an answer is sent in one signed callback and is in the history',
    async observe(subject, sessionKey) {
      const { body } = await run(subject, hookBody(sessionKey, '[[say=all done]]'));
      const callbacks = await callbacksOf(subject, sessionKey);
      return { completion: body.completion, callbacks, lastRow: await lastRow(subject, sessionKey) };
    },
    expected: {
      completion: VISIBLE,
      callbacks: [{ ...SUCCESS, text: 'all done' }],
      lastRow: { role: 'assistant', content: [{ type: 'text', text: 'all done' }], stopReason: 'stop' },
    },
  },
  {
    name: 'a callback has session, agent, tokens and times, and another runId than the answer of the post',
    async observe(subject, sessionKey) {
      const { body: answer } = await run(
        subject,
        hookBody(sessionKey, '[[say=x]]', { agentId: 'researcher' }),
      );
      const [callback] = await subject.receiver.accepted(sessionKey);
      const { body } = callback!;
      return {
        isFullKey: body.sessionKey === `agent:researcher:${sessionKey}`,
        agentId: body.agentId,
        attempts: body.attempts,
        hasUsage: (body.usage?.output ?? 0) > 0 && (body.usage?.totalTokens ?? 0) > body.usage!.output,
        isTimed: body.startedAt <= body.endedAt && body.durationMs === body.endedAt - body.startedAt,
        hasRunIdOfPost: body.runId === answer.runId,
      };
    },
    expected: {
      isFullKey: true,
      agentId: 'researcher',
      attempts: 1,
      hasUsage: true,
      isTimed: true,
      hasRunIdOfPost: false,
    },
  },
  {
    name: 'an empty answer is a success without a text',
    async observe(subject, sessionKey) {
      const { body } = await run(subject, hookBody(sessionKey, '[[empty]]'));
      const callbacks = await callbacksOf(subject, sessionKey);
      return { completion: body.completion, callbacks, lastRow: await lastRow(subject, sessionKey) };
    },
    expected: {
      completion: SILENT,
      callbacks: [{ ...SUCCESS, text: '' }],
      lastRow: { role: 'assistant', content: [], stopReason: 'stop' },
    },
  },
  {
    name: 'NO_REPLY is sent unchanged in the callback and is not in the history',
    async observe(subject, sessionKey) {
      const { body } = await run(subject, hookBody(sessionKey, '[[say=NO_REPLY]]'));
      const callbacks = await callbacksOf(subject, sessionKey);
      return { completion: body.completion, callbacks, lastRow: await lastRow(subject, sessionKey) };
    },
    expected: {
      completion: SILENT,
      callbacks: [{ ...SUCCESS, text: 'NO_REPLY' }],
      lastRow: { role: 'user' },
    },
  },
  {
    name: '20,000 characters are whole in the callback, and truncated to 8,000 with a mark in the history',
    async observe(subject, sessionKey) {
      await run(subject, hookBody(sessionKey, '[[long=20000]]'));
      const [callback] = await subject.receiver.accepted(sessionKey);
      const { content } = await lastRow(subject, sessionKey);
      const [{ text }] = content;
      return {
        byCallback: callback!.body.text.length,
        byHistory: text.length - CUT_MARK.length,
        hasMark: text.endsWith(CUT_MARK),
      };
    },
    expected: { byCallback: 20_000, byHistory: 8000, hasMark: true },
  },
  {
    name: 'a second run of a session continues its history',
    async observe(subject, sessionKey) {
      await run(subject, hookBody(sessionKey, '[[say=first]]'));
      await run(subject, hookBody(sessionKey, '[[say=second]]'));
      const { body } = await history(subject, `agent:main:${sessionKey}`);
      return body.items.map(({ role }: { role: string }) => role);
    },
    expected: ['user', 'assistant', 'user', 'assistant'],
  },
  {
    name: 'a run without sessionMode persistent has no history under its key and no callback',
    async observe(subject, sessionKey) {
      const { body } = await run(subject, hookBody(sessionKey, '[[say=x]]', { sessionMode: 'isolated' }));
      const { status } = await history(subject, `agent:main:${sessionKey}`);
      return { completion: body.completion, history: status, callbacks: subject.receiver.of(sessionKey) };
    },
    expected: { completion: VISIBLE, history: 404, callbacks: [] },
  },
  {
    // This is a single case because a wake-up of a concurrent case would prevent the second one from being coalesced.
    name: 'a wake-up is queued, an equal one is coalesced, and text and agentId are checked',
    async observe(subject, sessionKey) {
      const wake = (fields: object) =>
        post(subject, '/hooks/wake', { text: sessionKey, mode: 'next-heartbeat', ...fields }).then(
          ({ body }) => body,
        );
      return [
        await wake({}),
        await wake({}),
        await wake({ text: ' ' }),
        await wake({ text: `${sessionKey} for main`, agentId: 'main' }),
        await wake({ agentId: 'ghost' }),
        await wake({ agentId: 7 }),
      ];
    },
    expected: [
      { ok: true, mode: 'next-heartbeat', eventOutcome: 'queued' },
      { ok: true, mode: 'next-heartbeat', eventOutcome: 'coalesced' },
      { ok: false, error: 'text required' },
      { ok: true, mode: 'next-heartbeat', eventOutcome: 'queued' },
      { ok: false, error: 'unknown agentId "ghost"' },
      { ok: false, error: 'agentId must be a non-empty string' },
    ],
  },
];
