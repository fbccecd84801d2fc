import { describe, expect, test } from '@jest/globals';
import { AgentChanged, RunChanged, type RunState } from '../../schema/events/agents.ts';
import { CommentAdded } from '../../schema/events/tasks.ts';
import { checkInvariants } from './checker.ts';
import type { History } from './history.ts';

const STREAM = 'project:p';
const STEPS: RunState[] = ['QUEUED', 'DISPATCHING', 'RUNNING', 'SUCCEEDED'];

/** A history without violations: two successful runs, one after the other, of an agent with one slot. */
function validHistory(): History {
  const events = ['1', '2'].flatMap((run) => [...STEPS.map((state) => step(run, state)), commentAdded(run)]);
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
    tasks: runs.map((run) => ({ id: `task-${run}`, title: `Task ${run}`, category: 'IN_REVIEW' })),
    comments: runs.map((run) => ({ taskId: `task-${run}`, runId: `run-${run}`, body: 'Done' })),
    keys: runs.map((run) => ({ verb: 'agentRunStart', key: `run-${run}`, resultId: `run-${run}` })),
    callbacks: runs.map((run) => ({ messageId: `msg_${run}`, runId: `run-${run}`, outcome: 'applied' })),
    acknowledged: runs.flatMap((run) => [
      { kind: 'task', key: `task-${run}`, id: `task-${run}`, title: `Task ${run}` },
      { kind: 'run', key: `run-${run}`, id: `run-${run}` },
    ]),
    mutationProblems: [],
    maxima: [{ agentId: 'agent', maximum: 1, askedAt: 0, acknowledgedAt: 0 }],
    followed: [
      { ...followed('board follower'), types: [CommentAdded.type], seqs: [5, 10] },
      { ...followed('follower of run 1'), types: [RunChanged.type], subject: 'run-1', seqs: [1, 2, 3, 4] },
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
const commentAdded = (run: string) => ({ type: CommentAdded.type, subject: `comment-${run}`, payload: {} });
const numbered = (events: Pick<History['events'][number], 'type' | 'subject' | 'payload'>[]) =>
  events.map((event, index) => ({ ...event, stream: STREAM, seq: index + 1, at: index * 100 }));
const followed = (name: string) => ({
  name,
  stream: STREAM,
  subject: null,
  from: 0,
  resets: 0,
  connections: 1,
});

/** Returns the invariants that a valid history violates after a change. */
function violatedInvariants(change: (history: History) => void): string[] {
  const history = validHistory();
  change(history);
  return checkInvariants(history).flatMap(({ id, violations }) => (violations.length > 0 ? id : []));
}

describe('the checker', () => {
  test('reports nothing for a valid history', () => {
    expect(violatedInvariants(() => undefined)).toEqual([]);
  });

  test('reports two concurrent runs of an agent with a maximum of one', () => {
    expect(
      violatedInvariants((history) => {
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

  test('accepts two concurrent runs while a larger maximum can apply', () => {
    expect(
      violatedInvariants((history) => {
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

  test('reports a slot that is never released, and a run that does not end', () => {
    expect(
      violatedInvariants((history) => {
        history.runs[1]!.state = 'RUNNING';
        history.events = history.events.slice(0, 8);
        history.comments.pop();
        history.followed = [];
      }),
    ).toEqual(['I1', 'I2']);
  });

  test('reports a run that ended long after its deadline', () => {
    expect(
      violatedInvariants(({ events }) => {
        events[8]!.at = 60_000;
      }),
    ).toEqual(['I2']);
  });

  test('reports a second final event', () => {
    expect(
      violatedInvariants((history) => {
        history.events = numbered([...history.events, step('2', 'FAILED')]);
      }),
    ).toEqual(['I3']);
  });

  test('reports a step that is not allowed', () => {
    expect(
      violatedInvariants(({ events }) => {
        events[1]!.payload = { agentId: 'agent', state: 'CANCELING' };
      }),
    ).toEqual(['I3']);
  });

  test('reports a row that disagrees with its last event', () => {
    expect(
      violatedInvariants(({ runs }) => {
        runs[0]!.state = 'CANCELED';
      }),
    ).toEqual(['I3']);
  });

  test('reports a gap and a duplicate in the log', () => {
    const ofOtherType = { type: AgentChanged.type, subject: 'agent', payload: {}, stream: STREAM, at: 0 };
    expect(violatedInvariants(({ events }) => events.push({ ...ofOtherType, seq: 12 }))).toEqual(['I4']);
    expect(violatedInvariants(({ events }) => events.push({ ...ofOtherType, seq: 10 }))).toEqual(['I4']);
  });

  test.each([
    ['missed an event', [5]],
    ['received an event twice', [5, 5, 10]],
    ['received events in another order', [10, 5]],
    ['received an unknown event', [5, 7, 10]],
  ])('reports a follower that %s', (_what, seqs) => {
    expect(
      violatedInvariants(({ followed }) => {
        followed[0]!.seqs = seqs;
      }),
    ).toEqual(['I5']);
  });

  test('reports a follower that was reset', () => {
    expect(
      violatedInvariants(({ followed }) => {
        followed[1]!.resets = 1;
      }),
    ).toEqual(['I5']);
  });

  test('reports a task whose column does not match its last run', () => {
    expect(
      violatedInvariants(({ tasks }) => {
        tasks[0]!.category = 'IN_PROGRESS';
      }),
    ).toEqual(['I6']);
  });

  test('reports an end without a comment, with two comments, and with another answer', () => {
    expect(violatedInvariants(({ comments }) => comments.pop())).toEqual(['I6']);
    expect(violatedInvariants(({ comments }) => comments.push(comments[0]!))).toEqual(['I6']);
    expect(
      violatedInvariants(({ comments }) => {
        comments[0]!.body = 'Something else';
      }),
    ).toEqual(['I6']);
  });

  test('reports acknowledged objects that are missing or exist twice', () => {
    expect(violatedInvariants(({ tasks }) => tasks.push({ ...tasks[0]!, id: 'another' }))).toEqual(['I7']);
    expect(
      violatedInvariants(({ acknowledged }) => acknowledged.push({ kind: 'run', key: 'k', id: 'gone' })),
    ).toEqual(['I7']);
    expect(violatedInvariants(({ keys }) => keys.pop())).toEqual(['I7']);
  });

  test('reports an acknowledged cancellation without effect', () => {
    expect(
      violatedInvariants(({ acknowledged, runs, events }) => {
        acknowledged.push({ kind: 'cancel', id: 'run-1' });
        runs[0]!.state = 'FAILED';
        events[3]!.payload = { agentId: 'agent', state: 'FAILED' };
      }),
    ).toEqual(['I7']);
  });

  test('reports a mutation that was never answered', () => {
    expect(violatedInvariants(({ mutationProblems }) => mutationProblems.push('no answer'))).toEqual(['I7']);
  });

  test('reports forged callbacks that were accepted and replayed callbacks that were applied', () => {
    expect(
      violatedInvariants(({ forgeries }) => {
        forgeries[0]!.status = 200;
      }),
    ).toEqual(['I8']);
    expect(
      violatedInvariants(({ callbacks }) => {
        callbacks[0]!.messageId = 'forged_1';
      }),
    ).toEqual(['I8']);
    expect(
      violatedInvariants(({ replays }) => {
        replays[0]!.outcome = 'applied';
      }),
    ).toEqual(['I8']);
  });

  test('reports a secret in the output', () => {
    expect(
      violatedInvariants((history) => {
        history.secretsWritten = 1;
      }),
    ).toEqual(['I9']);
  });

  test('reports a second execution of an attempt, unless OpenClaw was restarted meanwhile', () => {
    const executeTwice = ({ executions }: History) => {
      executions['agent:writer:task:1'] = 2;
    };
    expect(violatedInvariants(executeTwice)).toEqual(['I10']);
    expect(
      violatedInvariants((history) => {
        executeTwice(history);
        history.openClawRestarts = [500];
      }),
    ).toEqual([]);
  });
});
