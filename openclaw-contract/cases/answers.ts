import { allTold, type Case, lastRow, SUCCESS } from '../case.ts';
import { history, order, post, run } from '../client.ts';

const VISIBLE = { status: 'ok', replyDisposition: 'visible', delivered: false, deliveryAttempted: false };
const SILENT = { ...VISIBLE, replyDisposition: 'silent' };
const CUT_MARK = '\n...(truncated)...';

export const answers: Case[] = [
  {
    name: 'an answer comes by one signed callback, and stands in the history',
    async see(subject, sessionKey) {
      const { body } = await run(subject, order(sessionKey, '[[say=all done]]'));
      const callbacks = await allTold(subject, sessionKey);
      return { completion: body.completion, callbacks, lastRow: await lastRow(subject, sessionKey) };
    },
    expected: {
      completion: VISIBLE,
      callbacks: [{ ...SUCCESS, text: 'all done' }],
      lastRow: { role: 'assistant', content: [{ type: 'text', text: 'all done' }], stopReason: 'stop' },
    },
  },
  {
    name: 'a callback names session, agent, tokens and times, and not the runId of the post',
    async see(subject, sessionKey) {
      const { body: answer } = await run(subject, order(sessionKey, '[[say=x]]', { agentId: 'researcher' }));
      const [callback] = await subject.receiver.accepted(sessionKey);
      const { body } = callback!;
      return {
        isFullKey: body.sessionKey === `agent:researcher:${sessionKey}`,
        agentId: body.agentId,
        attempts: body.attempts,
        hasUsage: (body.usage?.output ?? 0) > 0 && (body.usage?.totalTokens ?? 0) > body.usage!.output,
        isTimed: body.startedAt <= body.endedAt && body.durationMs === body.endedAt - body.startedAt,
        knowsRunIdOfPost: body.runId === answer.runId,
      };
    },
    expected: {
      isFullKey: true,
      agentId: 'researcher',
      attempts: 1,
      hasUsage: true,
      isTimed: true,
      knowsRunIdOfPost: false,
    },
  },
  {
    name: 'an empty answer is a success without a text',
    async see(subject, sessionKey) {
      const { body } = await run(subject, order(sessionKey, '[[empty]]'));
      const callbacks = await allTold(subject, sessionKey);
      return { completion: body.completion, callbacks, lastRow: await lastRow(subject, sessionKey) };
    },
    expected: {
      completion: SILENT,
      callbacks: [{ ...SUCCESS, text: '' }],
      lastRow: { role: 'assistant', content: [], stopReason: 'stop' },
    },
  },
  {
    name: 'NO_REPLY comes by callback as it was said, and does not stand in the history',
    async see(subject, sessionKey) {
      const { body } = await run(subject, order(sessionKey, '[[say=NO_REPLY]]'));
      const callbacks = await allTold(subject, sessionKey);
      return { completion: body.completion, callbacks, lastRow: await lastRow(subject, sessionKey) };
    },
    expected: {
      completion: SILENT,
      callbacks: [{ ...SUCCESS, text: 'NO_REPLY' }],
      lastRow: { role: 'user' },
    },
  },
  {
    name: '20,000 characters come whole by callback, and cut at 8,000 with a mark by the history',
    async see(subject, sessionKey) {
      await run(subject, order(sessionKey, '[[long=20000]]'));
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
    async see(subject, sessionKey) {
      await run(subject, order(sessionKey, '[[say=first]]'));
      await run(subject, order(sessionKey, '[[say=second]]'));
      const { body } = await history(subject, `agent:main:${sessionKey}`);
      return body.items.map(({ role }: { role: string }) => role);
    },
    expected: ['user', 'assistant', 'user', 'assistant'],
  },
  {
    name: 'a run without sessionMode persistent leaves no history under its key, and no callback',
    async see(subject, sessionKey) {
      const { body } = await run(subject, order(sessionKey, '[[say=x]]', { sessionMode: 'isolated' }));
      const { status } = await history(subject, `agent:main:${sessionKey}`);
      return { completion: body.completion, history: status, callbacks: subject.receiver.of(sessionKey) };
    },
    expected: { completion: VISIBLE, history: 404, callbacks: [] },
  },
  {
    // One case, as cases run side by side: another wake-up in between would keep the second from being merged.
    name: 'a wake-up is queued, the same again is merged into it; it has a text and names an agent that there is',
    async see(subject, sessionKey) {
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
