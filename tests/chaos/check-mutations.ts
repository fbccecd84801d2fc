import type { Acknowledged, History, RunRow } from './history.ts';

/** I7. Acknowledged mutations had their effect once. */
export function checkMutations(history: History): string[] {
  const runs = new Map(history.runs.map((run) => [run.id, run]));
  return [
    ...history.mutationProblems,
    ...history.acknowledged.flatMap((each) => checkAcknowledged(history, runs, each)),
    ...checkOnce(history),
  ];
}

function checkAcknowledged(
  { tasks, keys }: History,
  runs: ReadonlyMap<string, RunRow>,
  acknowledged: Acknowledged,
): string[] {
  const { kind, id } = acknowledged;
  switch (kind) {
    case 'task': {
      const same = tasks.filter(({ title }) => title === acknowledged.title);
      return same.length === 1 && same[0]?.id === id
        ? []
        : [`the acknowledged task ${id} exists ${same.length} times`];
    }
    case 'run':
    case 'retry': {
      if (!runs.has(id)) return [`the acknowledged run ${id} does not exist`];
      const verb = kind === 'run' ? 'agentRunStart' : 'agentRunRetry';
      const key = keys.find((each) => each.verb === verb && each.key === acknowledged.key);
      return key?.resultId === id
        ? []
        : [`run ${id} was acknowledged for key ${acknowledged.key}, which created ${key?.resultId}`];
    }
    case 'cancel': {
      const state = runs.get(id)?.state;
      const isExpected = state === 'CANCELED' || state === 'SUCCEEDED';
      return isExpected ? [] : [`the cancellation of run ${id} was acknowledged, but its state is ${state}`];
    }
    case 'answer':
      return runs.has(id) ? [] : [`run ${id}, whose question was answered, does not exist`];
  }
}

/** Checks that each run has one idempotency key: a repeated mutation created one run, a refused mutation none. */
function checkOnce({ keys, runs }: History): string[] {
  const keysOfRun = new Map<string, number>();
  for (const { verb, resultId } of keys)
    if (verb.startsWith('agentRun') && resultId) keysOfRun.set(resultId, (keysOfRun.get(resultId) ?? 0) + 1);
  return runs.flatMap(({ id }) =>
    keysOfRun.get(id) === 1 ? [] : [`run ${id} was created by ${keysOfRun.get(id) ?? 0} keys`],
  );
}
