import { extraExecutions } from './check-openclaw.ts';
import { longestLateMs } from './check-runs.ts';
import type { InvariantResult } from './checker.ts';
import type { ScenarioOptions } from './plan.ts';
import type { ScenarioResult } from './scenario.ts';

const VIOLATIONS_SHOWN = 10;

/** Returns the figures of a scenario as lines of text. */
export function describeScenario({ cycles, form }: ScenarioOptions, result: ScenarioResult): string[] {
  const { history, faults, mutations } = result;
  const states = Map.groupBy(history.runs, ({ state }) => state);
  const extra = extraExecutions(history);
  const sum = (list: readonly { extra: number }[]) => list.reduce((total, each) => total + each.extra, 0);
  const connections = history.followed.reduce((total, each) => total + each.connections, 0);
  const figures: [string, number | string][] = [
    ['form', form],
    ['cycles', cycles],
    ['seconds, including start and stop', result.seconds],
    ['events in the stream', history.head],
    ['mutations acknowledged', mutations.acknowledged],
    ['mutations refused', mutations.refused],
    ['mutations sent again', mutations.repeated],
    ['mutations never answered', mutations.unanswered],
    ['runs', history.runs.length],
    ...[...states].map(([state, runs]): [string, number] => [`  ${state}`, runs.length]),
    ['attempts', history.attempts.length],
    ['executions by OpenClaw', Object.values(history.executions).reduce((total, count) => total + count, 0)],
    ['  repeated, explained by a restart of OpenClaw', sum(extra.filter(({ isExplained }) => isExplained))],
    ['  repeated, unexplained', sum(extra.filter(({ isExplained }) => !isExplained))],
    ['longest time from a deadline to the end, ms', Math.round(longestLateMs(history))],
    ['followers', history.followed.length],
    ['  connections', connections],
    ['faults', [...faults.values()].reduce((total, count) => total + count, 0)],
    ...[...faults].sort().map(([name, count]): [string, number] => [`  ${name}`, count]),
  ];
  return figures.map(([name, value]) => `${name.padEnd(48)}${String(value).padStart(10)}`);
}

/** Returns the result of each invariant with its first violations as lines of text. */
export const describeResults = (results: readonly InvariantResult[]): string[] =>
  results.flatMap(({ id, statement, violations }) => [
    `${id.padEnd(4)}${statement.padEnd(70)}${violations.length === 0 ? 'holds' : `${violations.length} VIOLATIONS`}`,
    ...violations.slice(0, VIOLATIONS_SHOWN).map((line) => `      ${line}`),
  ]);
