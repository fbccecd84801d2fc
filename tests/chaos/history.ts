import type { RunState } from '../../schema/events/agents.ts';
import type { System } from '../system.ts';
import type { Forgery } from './plan.ts';

/** An event of the log. Times are epoch milliseconds by the clock of the database. */
export interface LogEvent {
  stream: string;
  seq: number;
  type: string;
  subject: string;
  at: number;
  payload: Record<string, unknown>;
}

export interface RunRow {
  id: string;
  agentId: string;
  taskId: string;
  state: RunState;
  instruction: string;
  timeoutSeconds: number;
  retryOf: string | null;
  answer: string | null;
  queuedAt: number;
  endedAt: number | null;
}

export interface AttemptRow {
  runId: string;
  number: number;
  sessionKey: string;
  startedAt: number;
  endedAt: number | null;
}

/** The rows in the database at the end. */
export interface Rows {
  events: LogEvent[];
  runs: RunRow[];
  attempts: AttemptRow[];
  tasks: { id: string; title: string; category: string }[];
  comments: { taskId: string; runId: string | null; body: string }[];
  keys: { verb: string; key: string; resultId: string | null }[];
  callbacks: { messageId: string; runId: string; outcome: string }[];
}

/** A mutation that was answered without an error. */
export type Acknowledged =
  | { kind: 'task'; key: string; id: string; title: string }
  | { kind: 'run' | 'retry'; key: string; id: string }
  | { kind: 'cancel' | 'answer'; id: string };

/** A change of an agent's maximum. The new maximum can apply from the time of the request. */
export interface MaximumChange {
  agentId: string;
  maximum: number;
  askedAt: number;
  acknowledgedAt: number;
}

/** The events that one follower received over all of its connections. */
export interface Followed {
  name: string;
  types: readonly string[];
  /** Only events about this object; null: events about all objects. */
  subject: string | null;
  stream: string;
  /** The follower received events after this position. */
  from: number;
  seqs: number[];
  resets: number;
  connections: number;
}

/** All data that the checker uses after a scenario. */
export interface History extends Rows {
  /** The stream of the scenario's project, which orders all of its events. */
  stream: string;
  acknowledged: Acknowledged[];
  /** Mutations that were never answered, unexpected refusals, and a failure at the end of the scenario. */
  mutationProblems: string[];
  maxima: MaximumChange[];
  followed: Followed[];
  /** The position of the stream up to which every follower must have received its events. */
  head: number;
  forgeries: { forgery: Forgery; messageId: string; status: number }[];
  replays: { messageId: string; status: number; outcome: string }[];
  /** The number of executions of the simulated agent by full session key. */
  executions: Record<string, number>;
  openClawRestarts: number[];
  /** The number of secrets that were found in the output of the processes. */
  secretsWritten: number;
}

const milliseconds = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;
const list = (fields: string, from: string) =>
  `(select coalesce(json_agg(json_build_object(${fields})), '[]') from ${from})`;

/** A single statement, so that all rows have the same snapshot. */
const READ = `select json_build_object(
  'events', ${list(
    `'stream', stream, 'seq', seq, 'type', type, 'subject', subject, 'payload', payload, 'at', ${milliseconds('created_at')}`,
    '(select * from log.event order by stream, seq) as event',
  )},
  'runs', ${list(
    `'id', id, 'agentId', agent_id, 'taskId', task_id, 'state', state, 'instruction', instruction,
     'timeoutSeconds', timeout_seconds, 'retryOf', retry_of, 'answer', answer,
     'queuedAt', ${milliseconds('queued_at')}, 'endedAt', ${milliseconds('ended_at')}`,
    'agents.agent_run',
  )},
  'attempts', ${list(
    `'runId', run_id, 'number', number, 'sessionKey', session_key,
     'startedAt', ${milliseconds('started_at')}, 'endedAt', ${milliseconds('ended_at')}`,
    'agents.run_attempt',
  )},
  'tasks', ${list(
    `'id', task.id, 'title', task.title, 'category', board_column.category`,
    'tasks.task join tasks.board_column on board_column.id = task.column_id',
  )},
  'comments', ${list(`'taskId', task_id, 'runId', run_id, 'body', body`, 'tasks.comment')},
  'keys', ${list(`'verb', verb, 'key', key, 'resultId', result_id`, 'log.idempotency')},
  'callbacks', ${list(`'messageId', message_id, 'runId', run_id, 'outcome', outcome`, 'agents.callback')}
) as rows`;

/** Reads all rows that the checker uses. In the embedded form the system must be stopped before. */
export async function readRows(system: System): Promise<Rows> {
  const [found] = await system.query<{ rows: Rows }>(READ);
  return found!.rows;
}
