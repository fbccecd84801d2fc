import type { History } from './history.ts';

/** A restart may be noticed, and made good for, so long after an attempt seems to be over. */
const AFTERMATH_MS = 5_000;

/** I8. What was not answered at all, or with a fault of the server, was not accepted either. */
export function checkCallbacks({ forgeries, replays, callbacks, comments, runs }: History): string[] {
  const isAccepted = (status: number) => status !== 401 && status !== 0 && status < 500;
  return [
    ...forgeries
      .filter(({ status }) => isAccepted(status))
      .map(
        ({ forgery, messageId, status }) =>
          `a forged callback (${forgery}, ${messageId}) was answered ${status}`,
      ),
    ...callbacks
      .filter(({ messageId }) => messageId.startsWith('forged_'))
      .map(({ messageId, runId }) => `the forged callback ${messageId} is in the inbox of run ${runId}`),
    ...runs.filter(({ answer }) => answer === 'Forged').map(({ id }) => `run ${id} has a forged answer`),
    ...comments
      .filter(({ body }) => body === 'Forged')
      .map(({ taskId }) => `task ${taskId} has a forged comment`),
    ...replays
      .filter(({ outcome }) => outcome === 'applied')
      .map(({ messageId }) => `the callback ${messageId} was applied again`),
  ];
}

/** How often agents worked beyond once for each attempt, by session, and whether a restart of OpenClaw explains it. */
export function extraExecutions({ executions, attempts, openClawRestarts }: History) {
  const bySession = Map.groupBy(attempts, ({ sessionKey }) => sessionKey);
  return Object.entries(executions).flatMap(([fullKey, count]) => {
    const sessionKey = fullKey.replace(/^agent:[^:]+:/, '');
    const own = bySession.get(sessionKey) ?? [];
    const extra = count - own.length;
    if (extra <= 0) return [];
    const isExplained = openClawRestarts.some((at) =>
      own.some(
        ({ startedAt, endedAt }) =>
          at >= startedAt - AFTERMATH_MS && at <= (endedAt ?? Number.POSITIVE_INFINITY) + AFTERMATH_MS,
      ),
    );
    return [{ sessionKey, extra, isExplained }];
  });
}

/** I10. */
export const checkExecutions = (history: History): string[] =>
  extraExecutions(history)
    .filter(({ isExplained }) => !isExplained)
    .map(({ sessionKey, extra }) => `the agent worked ${extra} times too often in session ${sessionKey}`);
