import { setTimeout as pause } from 'node:timers/promises';
import { connectClient } from '../../tests/client.ts';

/** The median and the 99th percentile of some times, in milliseconds. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

export interface Times {
  readonly requests: Percentiles;
  /** From the start of a mutation to its live event. */
  readonly events: Percentiles;
}
export interface Measurement extends Times {
  readonly answers: number;
  /** Answers with errors. */
  readonly refused: number;
}

export interface OrdinaryPerson {
  /** Works on a board for so long: looks at it, adds tasks, and follows its events. */
  measure(milliseconds: number): Promise<Measurement>;
  leave(): Promise<void>;
}

const EVERY_MS = 40;
const BOARD = `query ($id: ID!) { project(id: $id) { name columns { name tasks(first: 20) { nodes { ref title assignee { displayName } delegate { name status } activeRun { state } } } } } }`;
const CREATE = `mutation ($projectId: ID!, $title: String!) { taskCreate(input: { projectId: $projectId, title: $title }) { task { id } userErrors { code } } }`;
const EVENTS = `subscription ($projectId: ID!) { boardEvents(projectId: $projectId) { ... on TaskChanged { task { title project { name } } } } }`;

/** Signs a person in who has a board of their own. */
export async function startOrdinaryPerson(url: string): Promise<OrdinaryPerson> {
  const client = connectClient(url, 'Development Ada');
  const { data } = await client.ask(
    'mutation ($key: String!) { projectCreate(input: { key: $key, name: "Ordinary" }) { project { id } } }',
    { key: `O${Date.now().toString(36).toUpperCase().slice(-7)}` },
  );
  const projectId: string = data.projectCreate.project.id;
  const createdAt = new Map<string, number>();
  let eventTimes: number[] = [];
  client.follow(EVENTS, { projectId }, ({ task }) => {
    const started = task && createdAt.get(task.title);
    if (started !== undefined) eventTimes.push(performance.now() - started);
    createdAt.delete(task?.title);
  });
  let number = 0;
  const requests = [
    () => client.ask(BOARD, { id: projectId }),
    () => client.ask('{ viewer { id displayName } projects { nodes { name } } }'),
    () => {
      const title = `Task ${number++}`;
      createdAt.set(title, performance.now());
      return client.ask(CREATE, { projectId, title });
    },
  ];
  return {
    async measure(milliseconds) {
      const times: number[] = [];
      let refused = 0;
      eventTimes = [];
      const ask = async (request: (typeof requests)[number]) => {
        const before = performance.now();
        const answer = await request().catch(() => ({ data: null, errors: [{ message: 'failed' }] }));
        times.push(performance.now() - before);
        if (answer.errors) refused += 1;
      };
      const asked: Promise<void>[] = [];
      for (let n = 0; n * EVERY_MS < milliseconds; n++) {
        asked.push(ask(requests[n % requests.length]!));
        await pause(EVERY_MS);
      }
      await Promise.all(asked);
      return {
        ...{ requests: percentiles(times), events: percentiles(eventTimes) },
        ...{ answers: times.length, refused },
      };
    },
    leave: () => client.close(),
  };
}

function percentiles(milliseconds: number[]): Percentiles {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99) };
}

export const formatTimes = ({ requests, events, refused }: Measurement): string =>
  `requests ${formatPercentiles(requests)}  events ${formatPercentiles(events)}  refused ${refused}`;

const formatPercentiles = ({ count, p50, p99 }: Percentiles): string =>
  `n=${count} p50 ${p50.toFixed(0)} p99 ${p99.toFixed(0)}`;
