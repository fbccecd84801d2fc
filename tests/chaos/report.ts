import { extraExecutions } from './check-openclaw.ts';
import { longestLateMs } from './check-runs.ts';
import type { Verdict } from './checker.ts';
import type { StormOptions } from './plan.ts';
import type { StormResult } from './storm.ts';

const VIOLATIONS_SHOWN = 10;

/** What a storm was and what came of it, as lines of text. */
export function describeStorm({ cycles, form }: StormOptions, result: StormResult): string[] {
  const { history, faults, mutations } = result;
  const states = Map.groupBy(history.runs, ({ state }) => state);
  const extra = extraExecutions(history);
  const sum = (list: readonly { extra: number }[]) => list.reduce((total, each) => total + each.extra, 0);
  const connections = history.followed.reduce((total, each) => total + each.connections, 0);
  const figures: [string, number | string][] = [
    ['form', form],
    ['cycles', cycles],
    ['seconds, start and end included', result.seconds],
    ['events in the stream', history.head],
    ['mutations acknowledged', mutations.acknowledged],
    ['mutations refused, as they may be', mutations.refused],
    ['mutations sent again', mutations.repeated],
    ['mutations never answered', mutations.unanswered],
    ['runs', history.runs.length],
    ...[...states].map(([state, runs]): [string, number] => [`  ${state}`, runs.length]),
    ['attempts', history.attempts.length],
    ['agents worked', Object.values(history.executions).reduce((total, count) => total + count, 0)],
    ['  more often than once, OpenClaw restarted', sum(extra.filter(({ isExplained }) => isExplained))],
    ['  more often than once, without reason', sum(extra.filter(({ isExplained }) => !isExplained))],
    ['longest from a deadline to the end, ms', Math.round(longestLateMs(history))],
    ['followers', history.followed.length],
    ['  connections they tried', connections],
    ['faults', [...faults.values()].reduce((total, count) => total + count, 0)],
    ...[...faults].sort().map(([name, count]): [string, number] => [`  ${name}`, count]),
  ];
  return figures.map(([what, value]) => `${what.padEnd(48)}${String(value).padStart(10)}`);
}

/** The verdicts, each with its first violations. */
export const describeVerdicts = (verdicts: readonly Verdict[]): string[] =>
  verdicts.flatMap(({ id, holds, violations }) => [
    `${id.padEnd(4)}${holds.padEnd(70)}${violations.length === 0 ? 'holds' : `${violations.length} VIOLATIONS`}`,
    ...violations.slice(0, VIOLATIONS_SHOWN).map((line) => `      ${line}`),
  ]);
