import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../platform/testing/wait.ts';
import { type Case, callbacksOf, FAILURE, lastRow, untilRunning } from '../case.ts';
import { history, hookBody, postAgent, rpc, run } from '../client.ts';
import type { Subject } from '../subject.ts';

const assistantRow = (text: string, stopReason = 'error') => ({
  role: 'assistant',
  content: [{ type: 'text', text }],
  stopReason,
});

interface Refusal {
  status: number;
  agentId?: string;
  error: string;
  notice: string;
}

/** OpenClaw's `agent_end` has `success: true` for each of these. */
const refusals: Refusal[] = [
  {
    status: 500,
    error:
      '⚠️ <model> request failed (provider internal error, HTTP 500). This is usually temporary — try again shortly.',
    notice:
      '⚠️ LLM request failed (provider internal error, HTTP 500). This is usually temporary — try again shortly.',
  },
  {
    status: 400,
    error: 'LLM request failed: provider rejected the request schema or tool payload.',
    notice: '⚠️ LLM request failed (request format rejected, HTTP 400).',
  },
  {
    status: 401,
    agentId: 'unlucky',
    error:
      '⚠️ <model> request failed (authentication failed, HTTP 401). Re-authenticate the provider and try again.',
    notice:
      '⚠️ LLM request failed (authentication failed, HTTP 401). Re-authenticate the provider and try again.',
  },
];

const refusedByModel = ({ status, agentId = 'main', error, notice }: Refusal): Case => ({
  name: `a model that answers ${status} causes one callback with a failure`,
  async observe(subject, sessionKey) {
    const { body } = await run(subject, hookBody(sessionKey, `[[fail=${status}]]`, { agentId }));
    const callbacks = await callbacksOf(subject, sessionKey);
    return { completion: body.completion, callbacks, lastRow: await lastRow(subject, sessionKey, agentId) };
  },
  expected: {
    completion: { status: 'error', replyDisposition: 'empty' },
    callbacks: [{ ...FAILURE, error }],
    lastRow: assistantRow(notice),
  },
});

export const failures: Case[] = [
  ...refusals.map(refusedByModel),
  {
    name: 'a run whose model does not answer ends after timeoutSeconds',
    async observe(subject, sessionKey) {
      const { body } = await run(subject, hookBody(sessionKey, '[[hang]]', { timeoutSeconds: 3 }));
      const callbacks = await callbacksOf(subject, sessionKey);
      return { completion: body.completion, callbacks, lastRow: await lastRow(subject, sessionKey) };
    },
    expected: {
      completion: {
        status: 'error',
        replyDisposition: 'empty',
        delivered: false,
        deliveryAttempted: false,
      },
      callbacks: [{ ...FAILURE, error: 'Agent run failed: timed out in phase provider', stopReason: null }],
      lastRow: { ...assistantRow('', 'aborted'), errorMessage: 'request timed out' },
    },
  },
  {
    name: 'sessions.abort ends a run: its callback is aborted, and its history has no answer',
    async observe(subject, sessionKey) {
      await postAgent(subject, hookBody(sessionKey, '[[hang]]'));
      await untilRunning(subject, sessionKey);
      const answer = await untilAborted(subject, sessionKey);
      const callbacks = await callbacksOf(subject, sessionKey);
      return { answer, callbacks, lastRow: await lastRow(subject, sessionKey) };
    },
    expected: {
      answer: { ok: true, abortedRunId: null, status: 'aborted' },
      callbacks: [{ ...FAILURE, aborted: true, error: 'agent run aborted', stopReason: 'aborted' }],
      lastRow: { role: 'user' },
    },
  },
  {
    name: 'sessions.abort answers no-active-run for an ended run and for an unknown session',
    async observe(subject, sessionKey) {
      await run(subject, hookBody(sessionKey, '[[say=x]]'));
      return [await abort(subject, sessionKey), await abort(subject, `${sessionKey}-never`)];
    },
    expected: [
      { ok: true, abortedRunId: null, status: 'no-active-run' },
      { ok: true, abortedRunId: null, status: 'no-active-run' },
    ],
  },
  {
    name: 'a client that disconnects does not end its run',
    async observe(subject, sessionKey) {
      const waiting = run(subject, hookBody(sessionKey, '[[delay=2000]] [[say=anyway]]'), {}, 1000);
      const wasCut = await waiting.then(
        () => false,
        () => true,
      );
      const callbacks = await callbacksOf(subject, sessionKey);
      return { wasCut, texts: callbacks.map(({ text }) => text), calls: subject.modelCalls(sessionKey) };
    },
    expected: { wasCut: true, texts: ['anyway'], calls: 1 },
  },
  {
    name: 'the history of an unknown session is not found',
    async observe(subject, sessionKey) {
      const { status, body } = await history(subject, `agent:main:${sessionKey}`);
      return { status, body: { ...body, error: { ...body.error, message: undefined } } };
    },
    expected: { status: 404, body: { ok: false, error: { type: 'not_found' } } },
  },
];

async function abort(subject: Subject, sessionKey: string) {
  const { answer } = await rpc(subject, 'sessions.abort', { key: `agent:main:${sessionKey}` });
  return answer.payload;
}

/** Repeats the abort: OpenClaw answers no-active-run for a run that was admitted a moment ago. */
const untilAborted = (subject: Subject, sessionKey: string) =>
  until('the run is aborted', async () => {
    const answer = await abort(subject, sessionKey);
    if (answer.status !== 'no-active-run') return answer;
    await pause(subject.settleMs / 10);
    return null;
  });
