import { checkBoard } from './check-board.ts';
import { checkFollowers, checkLog } from './check-log.ts';
import { checkMutations } from './check-mutations.ts';
import { checkCallbacks, checkExecutions } from './check-openclaw.ts';
import { checkCapacity, checkDeadlines, checkSteps } from './check-runs.ts';
import type { History } from './history.ts';

/** The invariants of every scenario. Each check returns one line per violation, which names the object at fault. */
export const INVARIANTS: Record<string, { statement: string; violations: (history: History) => string[] }> = {
  I1: { statement: 'no agent exceeds its maximum of runs', violations: checkCapacity },
  I2: { statement: 'every run has ended, at most shortly after its deadline', violations: checkDeadlines },
  I3: { statement: 'a run takes allowed steps, ends once and agrees with its row', violations: checkSteps },
  I4: { statement: 'every stream has the positions 1 to n without gap or duplicate', violations: checkLog },
  I5: { statement: 'every follower received every event once and in order', violations: checkFollowers },
  I6: { statement: 'the board agrees with the runs', violations: checkBoard },
  I7: { statement: 'every acknowledged mutation had its effect once', violations: checkMutations },
  I8: { statement: 'no forged or replayed callback was applied', violations: checkCallbacks },
  I9: { statement: 'no process wrote a secret to its output', violations: checkSecrets },
  I10: {
    statement: 'OpenClaw executed each attempt once, unless it was restarted',
    violations: checkExecutions,
  },
};

export interface InvariantResult {
  id: string;
  statement: string;
  violations: string[];
}

/** Checks all invariants of a scenario. */
export const checkInvariants = (history: History): InvariantResult[] =>
  Object.entries(INVARIANTS).map(([id, { statement, violations }]) => ({
    id,
    statement,
    violations: violations(history),
  }));

function checkSecrets({ secretsWritten }: History): string[] {
  return secretsWritten === 0 ? [] : [`${secretsWritten} secrets are in the output of the processes`];
}
