import type { Followed, History } from './history.ts';

/** I4. The sequence numbers of a stream are 1 to n. */
export function checkLog({ events }: History): string[] {
  const violations: string[] = [];
  for (const [stream, written] of Map.groupBy(events, (event) => event.stream)) {
    const seqs = written.map(({ seq }) => seq).sort((a, b) => a - b);
    const wrong = seqs.findIndex((seq, index) => seq !== index + 1);
    if (wrong >= 0)
      violations.push(`${stream}: event ${seqs[wrong]} is at the position of event ${wrong + 1}`);
  }
  return violations;
}

/** I5. A reset is a violation, because no fault of a scenario makes a cursor invalid. */
export function checkFollowers({ events, followed, head }: History): string[] {
  return followed.flatMap((follower) => {
    const { name, stream, types, subject, from, resets } = follower;
    const expected = events
      .filter((event) => event.stream === stream && event.seq > from && event.seq <= head)
      .filter((event) => types.includes(event.type) && (subject === null || event.subject === subject))
      .map(({ seq }) => seq);
    const difference = firstDifference(follower, expected);
    return [
      ...(resets > 0 ? [`${name} was reset ${resets} times`] : []),
      ...(difference ? [`${name}, connected ${follower.connections} times: ${difference}`] : []),
    ];
  });
}

function firstDifference({ seqs }: Followed, expected: readonly number[]): string | null {
  const length = Math.max(seqs.length, expected.length);
  for (let index = 0; index < length; index++) {
    if (seqs[index] === expected[index]) continue;
    const position = `event ${index + 1} of ${expected.length}`;
    return `${position} should be ${expected[index] ?? 'absent'} and is ${seqs[index] ?? 'absent'}`;
  }
  return null;
}
