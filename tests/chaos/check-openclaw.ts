import type { History } from './history.ts';

/** A restart can cause another execution up to this long before or after an attempt. */
const RESTART_TOLERANCE_MS = 5_000;

/** I8. A callback without an answer, or with a 5xx, was not accepted. */
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
      .map(({ messageId }) => `the replayed callback ${messageId} was applied`),
  ];
}

/** Returns, by session, the executions beyond one per attempt, and whether a restart of OpenClaw explains them. */
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
          at >= startedAt - RESTART_TOLERANCE_MS &&
          at <= (endedAt ?? Number.POSITIVE_INFINITY) + RESTART_TOLERANCE_MS,
      ),
    );
    return [{ sessionKey, extra, isExplained }];
  });
}

/** I10. OpenClaw executed each attempt once, unless it was restarted. */
export const checkExecutions = (history: History): string[] =>
  extraExecutions(history)
    .filter(({ isExplained }) => !isExplained)
    .map(({ sessionKey, extra }) => `session ${sessionKey} has ${extra} executions too many`);
