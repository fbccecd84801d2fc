import { describe, expect, test } from '@jest/globals';
import { AgentChanged, RunChanged, type RunState } from '../../schema/events/agents.ts';
import { CommentAdded } from '../../schema/events/tasks.ts';
import { judge } from './checker.ts';
import type { History } from './history.ts';

const STREAM = 'project:p';
const STEPS: RunState[] = ['QUEUED', 'DISPATCHING', 'RUNNING', 'SUCCEEDED'];

/** Two runs of one agent with one slot, one after the other, both succeeded; nothing is wrong with it. */
function wholeHistory(): History {
  const events = ['1', '2'].flatMap((run) => [...STEPS.map((state) => step(run, state)), said(run)]);
  const runs = ['1', '2'];
  return {
    stream: STREAM,
    events: numbered(events),
    runs: runs.map((run) => ({
      id: `run-${run}`,
      agentId: 'agent',
      taskId: `task-${run}`,
      state: 'SUCCEEDED',
      instruction: 'Do it.',
      timeoutSeconds: 10,
      retryOf: null,
      answer: 'Done',
      queuedAt: 0,
      endedAt: 1_000,
    })),
    attempts: runs.map((run) => ({
      runId: `run-${run}`,
      number: 1,
      sessionKey: `task:${run}`,
      startedAt: 0,
      endedAt: 1_000,
    })),
    tasks: runs.map((run) => ({ id: `task-${run}`, title: `Storm ${run}`, category: 'IN_REVIEW' })),
    comments: runs.map((run) => ({ taskId: `task-${run}`, runId: `run-${run}`, body: 'Done' })),
    keys: runs.map((run) => ({ operation: 'agentRunStart', key: `run-${run}`, resultId: `run-${run}` })),
    callbacks: runs.map((run) => ({ messageId: `msg_${run}`, runId: `run-${run}`, outcome: 'applied' })),
    acknowledged: runs.flatMap((run) => [
      { kind: 'task', key: `task-${run}`, id: `task-${run}`, title: `Storm ${run}` },
      { kind: 'run', key: `run-${run}`, id: `run-${run}` },
    ]),
    oddities: [],
    maxima: [{ agentId: 'agent', maximum: 1, askedAt: 0, acknowledgedAt: 0 }],
    followed: [
      { ...follower('board follower'), types: [CommentAdded.type], seqs: [5, 10] },
      { ...follower('follower of run 1'), types: [RunChanged.type], subject: 'run-1', seqs: [1, 2, 3, 4] },
    ],
    head: 10,
    forgeries: [{ forgery: 'unsigned', messageId: 'forged_1', status: 401 }],
    replays: [{ messageId: 'msg_1', status: 200, outcome: 'duplicate' }],
    executions: { 'agent:writer:task:1': 1, 'agent:writer:task:2': 1 },
    openClawRestarts: [],
    secretsWritten: 0,
  };
}

const step = (run: string, state: RunState) => ({
  type: RunChanged.type,
  subject: `run-${run}`,
  payload: { agentId: 'agent', state },
});
const said = (run: string) => ({ type: CommentAdded.type, subject: `comment-${run}`, payload: {} });
const numbered = (events: Pick<History['events'][number], 'type' | 'subject' | 'payload'>[]) =>
  events.map((event, index) => ({ ...event, stream: STREAM, seq: index + 1, at: index * 100 }));
const follower = (name: string) => ({
  name,
  stream: STREAM,
  subject: null,
  from: 0,
  resets: 0,
  connections: 1,
});

/** The invariants that are violated once something has been done to a whole history. */
function violated(spoil: (history: History) => void): string[] {
  const history = wholeHistory();
  spoil(history);
  return judge(history).flatMap(({ id, violations }) => (violations.length > 0 ? id : []));
}

describe('the checker', () => {
  test('finds nothing wrong with a history that is whole', () => {
    expect(violated(() => undefined)).toEqual([]);
  });

  test('finds two runs at once of an agent that may have one', () => {
    expect(
      violated((history) => {
        const [first, second] = [history.events.slice(0, 5), history.events.slice(5)];
        history.events = numbered([
          ...first.slice(0, 3),
          ...second.slice(0, 3),
          first[3]!,
          second[3]!,
          first[4]!,
          second[4]!,
        ]);
        history.followed = [];
      }),
    ).toEqual(['I1']);
  });

  test('allows two runs at once while a larger maximum may be in force', () => {
    expect(
      violated((history) => {
        const [first, second] = [history.events.slice(0, 5), history.events.slice(5)];
        history.events = numbered([
          ...first.slice(0, 3),
          ...second.slice(0, 3),
          first[3]!,
          second[3]!,
          first[4]!,
          second[4]!,
        ]);
        history.followed = [];
        history.maxima.push({ agentId: 'agent', maximum: 2, askedAt: 100, acknowledgedAt: 200 });
      }),
    ).toEqual([]);
  });

  test('finds a slot that is never given back, and a run that does not end', () => {
    expect(
      violated((history) => {
        history.runs[1]!.state = 'RUNNING';
        history.events = history.events.slice(0, 8);
        history.comments.pop();
        history.followed = [];
      }),
    ).toEqual(['I1', 'I2']);
  });

  test('finds a run that ended long after its deadline', () => {
    expect(
      violated(({ events }) => {
        events[8]!.at = 60_000;
      }),
    ).toEqual(['I2']);
  });

  test('finds a second final event', () => {
    expect(
      violated((history) => {
        history.events = numbered([...history.events, step('2', 'FAILED')]);
      }),
    ).toEqual(['I3']);
  });

  test('finds a step that no run may take', () => {
    expect(
      violated(({ events }) => {
        events[1]!.payload = { agentId: 'agent', state: 'CANCELING' };
      }),
    ).toEqual(['I3']);
  });

  test('finds a row that disagrees with its last event', () => {
    expect(
      violated(({ runs }) => {
        runs[0]!.state = 'CANCELED';
      }),
    ).toEqual(['I3']);
  });

  test('finds a gap and a duplicate in the log', () => {
    const ofOtherType = { type: AgentChanged.type, subject: 'agent', payload: {}, stream: STREAM, at: 0 };
    expect(violated(({ events }) => events.push({ ...ofOtherType, seq: 12 }))).toEqual(['I4']);
    expect(violated(({ events }) => events.push({ ...ofOtherType, seq: 10 }))).toEqual(['I4']);
  });

  test.each([
    ['missed one', [5]],
    ['saw one twice', [5, 5, 10]],
    ['saw them in another order', [10, 5]],
    ['saw one that is not there', [5, 7, 10]],
  ])('finds a follower who %s', (_what, seqs) => {
    expect(
      violated(({ followed }) => {
        followed[0]!.seqs = seqs;
      }),
    ).toEqual(['I5']);
  });

  test('finds a follower who was reset', () => {
    expect(
      violated(({ followed }) => {
        followed[1]!.resets = 1;
      }),
    ).toEqual(['I5']);
  });

  test('finds a task that does not stand where its run left it', () => {
    expect(
      violated(({ tasks }) => {
        tasks[0]!.category = 'IN_PROGRESS';
      }),
    ).toEqual(['I6']);
  });

  test('finds an end without a comment, with two, and with another answer', () => {
    expect(violated(({ comments }) => comments.pop())).toEqual(['I6']);
    expect(violated(({ comments }) => comments.push(comments[0]!))).toEqual(['I6']);
    expect(
      violated(({ comments }) => {
        comments[0]!.body = 'Something else';
      }),
    ).toEqual(['I6']);
  });

  test('finds what was acknowledged and is gone, or there twice', () => {
    expect(violated(({ tasks }) => tasks.push({ ...tasks[0]!, id: 'another' }))).toEqual(['I7']);
    expect(violated(({ acknowledged }) => acknowledged.push({ kind: 'run', key: 'k', id: 'gone' }))).toEqual([
      'I7',
    ]);
    expect(violated(({ keys }) => keys.pop())).toEqual(['I7']);
  });

  test('finds a cancel that was acknowledged and came to nothing', () => {
    expect(
      violated(({ acknowledged, runs, events }) => {
        acknowledged.push({ kind: 'cancel', id: 'run-1' });
        runs[0]!.state = 'FAILED';
        events[3]!.payload = { agentId: 'agent', state: 'FAILED' };
      }),
    ).toEqual(['I7']);
  });

  test('finds a mutation that nobody answered', () => {
    expect(violated(({ oddities }) => oddities.push('no answer'))).toEqual(['I7']);
  });

  test('finds forged callbacks that were accepted, and repeated ones that counted', () => {
    expect(
      violated(({ forgeries }) => {
        forgeries[0]!.status = 200;
      }),
    ).toEqual(['I8']);
    expect(
      violated(({ callbacks }) => {
        callbacks[0]!.messageId = 'forged_1';
      }),
    ).toEqual(['I8']);
    expect(
      violated(({ replays }) => {
        replays[0]!.outcome = 'applied';
      }),
    ).toEqual(['I8']);
  });

  test('finds a secret in the output', () => {
    expect(
      violated((history) => {
        history.secretsWritten = 1;
      }),
    ).toEqual(['I9']);
  });

  test('finds an agent that worked twice, unless OpenClaw was restarted meanwhile', () => {
    const workTwice = ({ executions }: History) => {
      executions['agent:writer:task:1'] = 2;
    };
    expect(violated(workTwice)).toEqual(['I10']);
    expect(
      violated((history) => {
        workTwice(history);
        history.openClawRestarts = [500];
      }),
    ).toEqual([]);
  });
});
