import type { Acknowledged, History, RunRow } from './history.ts';

/** I7. */
export function checkMutations(history: History): string[] {
  const runs = new Map(history.runs.map((run) => [run.id, run]));
  return [
    ...history.oddities,
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
        : [`task ${id}, acknowledged, is there ${same.length} times`];
    }
    case 'run':
    case 'retry': {
      if (!runs.has(id)) return [`run ${id}, acknowledged, is not there`];
      const operation = kind === 'run' ? 'agentRunStart' : 'agentRunRetry';
      const key = keys.find((each) => each.operation === operation && each.key === acknowledged.key);
      return key?.resultId === id
        ? []
        : [`run ${id} was acknowledged for ${acknowledged.key}, which made ${key?.resultId}`];
    }
    case 'cancel': {
      const state = runs.get(id)?.state;
      const isFair = state === 'CANCELED' || state === 'SUCCEEDED';
      return isFair ? [] : [`run ${id} was canceled, acknowledged, and is ${state}`];
    }
    case 'answer':
      return runs.has(id) ? [] : [`run ${id}, whose question was answered, is not there`];
  }
}

/** As many runs as keys: a mutation that was sent twice made one run, and one that was refused made none. */
function checkOnce({ keys, runs }: History): string[] {
  const made = new Map<string, number>();
  for (const { operation, resultId } of keys)
    if (operation.startsWith('agentRun') && resultId) made.set(resultId, (made.get(resultId) ?? 0) + 1);
  return runs.flatMap(({ id }) =>
    made.get(id) === 1 ? [] : [`run ${id} was made by ${made.get(id) ?? 0} keys`],
  );
}
