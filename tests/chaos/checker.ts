import { checkBoard } from './check-board.ts';
import { checkFollowers, checkLog } from './check-log.ts';
import { checkMutations } from './check-mutations.ts';
import { checkCallbacks, checkExecutions } from './check-openclaw.ts';
import { checkCapacity, checkDeadlines, checkSteps } from './check-runs.ts';
import type { History } from './history.ts';

/** What must hold after any storm. Each check returns one line for each violation, which names what is at fault. */
export const INVARIANTS: Record<string, { holds: string; violations: (history: History) => string[] }> = {
  I1: { holds: 'no agent ever has more runs than it may have', violations: checkCapacity },
  I2: { holds: 'every run has ended, soon after its deadline at the latest', violations: checkDeadlines },
  I3: { holds: 'a run takes allowed steps and ends once, as its row says', violations: checkSteps },
  I4: { holds: 'every stream is 1 to n, without gap or duplicate', violations: checkLog },
  I5: { holds: 'every follower saw every event once and in order', violations: checkFollowers },
  I6: { holds: 'the board agrees with the runs', violations: checkBoard },
  I7: { holds: 'what was acknowledged is there, once', violations: checkMutations },
  I8: { holds: 'no forged or repeated callback counted', violations: checkCallbacks },
  I9: { holds: 'no process wrote down a secret', violations: checkSecrets },
  I10: {
    holds: 'OpenClaw worked once for each attempt, unless it was restarted',
    violations: checkExecutions,
  },
};

export interface Verdict {
  id: string;
  holds: string;
  violations: string[];
}

/** Judges a storm by all invariants. */
export const judge = (history: History): Verdict[] =>
  Object.entries(INVARIANTS).map(([id, { holds, violations }]) => ({
    id,
    holds,
    violations: violations(history),
  }));

function checkSecrets({ secretsWritten }: History): string[] {
  return secretsWritten === 0 ? [] : [`${secretsWritten} secrets are in what the processes wrote`];
}
