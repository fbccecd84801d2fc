import { describe, expect, jest, test } from '@jest/globals';
import { follow, isFinal, type Sink, type Source, type StreamEvent } from '../follow.ts';

type Told = StreamEvent & { name: string };
const told = (name: string): Told => ({ __typename: 'Told', cursor: `after ${name}`, name });
const coded = (code: string) => [{ message: code, extensions: { code } }];

/** A source of which the test tells what it tells, and the following of it. */
function followByHand({ after = null as string | null, isStopping = false } = {}) {
  const tries: { after: string | null; sink: Sink<Told>; isLeft: boolean }[] = [];
  const source: Source<Told> = (from, sink) => {
    const attempt = { after: from, sink, isLeft: false };
    tries.push(attempt);
    return () => {
      attempt.isLeft = true;
    };
  };
  const names: string[] = [];
  const ends: unknown[] = [];
  const waits: number[] = [];
  const stop = follow(source, {
    after,
    onEvent({ name }) {
      names.push(name);
      if (isStopping) stop();
    },
    onEnd: (error) => ends.push(error),
    onRetry: (_error, ms) => waits.push(ms),
  });
  return { tries, names, ends, waits, stop, now: () => tries.at(-1)!.sink };
}

/** Runs with timers that the test moves. */
function withClock(work: () => void) {
  jest.useFakeTimers();
  try {
    work();
  } finally {
    jest.useRealTimers();
  }
}

describe('following', () => {
  test('begins after the given cursor, and again after the last event', () =>
    withClock(() => {
      const { tries, names, now } = followByHand({ after: 'a snapshot' });
      now().event(told('first'), []);
      now().event(told('second'), []);
      now().fail(new Error('Socket closed with event 1006 '));
      jest.advanceTimersByTime(1_000);
      now().event(told('third'), []);

      expect(tries.map(({ after }) => after)).toEqual(['a snapshot', 'after second']);
      expect(names).toEqual(['first', 'second', 'third']);
      expect(tries[0]!.isLeft).toBe(true);
    }));

  test('takes an error that is followed by an end for an error, as Apollo Client 4 tells it', () =>
    withClock(() => {
      const { tries, ends, now } = followByHand();
      const { fail, end } = now();
      fail({ errors: coded('UNAVAILABLE') });
      end();
      jest.advanceTimersByTime(1_000);

      expect(ends).toEqual([]);
      expect(tries).toHaveLength(2);
    }));

  test('ends without an error when the stream is over', () => {
    const { ends, now } = followByHand();
    now().end();
    expect(ends).toEqual([undefined]);
  });

  test('hears nothing of a try that has ended', () =>
    withClock(() => {
      const { tries, names, ends, now } = followByHand();
      const { sink: late } = tries[0]!;
      now().fail(new Error('lost'));
      jest.advanceTimersByTime(1_000);
      late.event(told('late'), []);
      late.end();

      expect([names, ends, tries.length]).toEqual([[], [], 2]);
    }));

  test('waits longer and longer, up to half a minute, each time another while, and anew after an event', () =>
    withClock(() => {
      const { waits, now } = followByHand();
      for (let count = 1; count <= 20; count++) {
        now().fail(new Error('away'));
        jest.advanceTimersByTime(30_000);
      }
      waits.forEach((ms, index) => {
        const most = Math.min(30_000, 1_000 * 2 ** index);
        expect(ms).toBeGreaterThanOrEqual(most / 2);
        expect(ms).toBeLessThanOrEqual(most);
      });
      expect(new Set(waits.slice(6)).size).toBeGreaterThan(5);

      now().event(told('back'), []);
      now().fail(new Error('away'));
      expect(waits.at(-1)).toBeLessThanOrEqual(1_000);
    }));

  test('ends at the third sign-in in a row that is refused', () =>
    withClock(() => {
      const { tries, ends, now } = followByHand();
      const refusals = [
        { code: 4403, reason: 'Renew it' },
        coded('UNAUTHENTICATED'),
        { code: 4403, reason: '' },
      ];
      now().fail(refusals[0]);
      jest.advanceTimersByTime(30_000);
      now().event(told('the renewed token is good'), []);
      for (const refusal of refusals) {
        now().fail(refusal);
        jest.advanceTimersByTime(30_000);
      }
      expect(tries).toHaveLength(4);
      expect(ends).toEqual([refusals[2]]);
    }));

  test('can be stopped while it waits, and in the middle of an event', () =>
    withClock(() => {
      const waiting = followByHand();
      waiting.now().fail(new Error('lost'));
      waiting.stop();
      jest.advanceTimersByTime(60_000);
      expect([waiting.tries.length, waiting.ends]).toEqual([1, []]);

      const stopping = followByHand({ isStopping: true });
      stopping.now().event(told('first'), []);
      stopping.now().event(told('second'), []);
      expect([stopping.names, stopping.tries[0]!.isLeft]).toEqual([['first'], true]);
    }));

  test('leaves a source that ended before it said how to leave it', () => {
    let isLeft = false;
    const ends: unknown[] = [];
    follow<Told>(
      (_after, sink) => {
        sink.fail(coded('NOT_FOUND'));
        return () => {
          isLeft = true;
        };
      },
      { onEvent: () => undefined, onEnd: (error) => ends.push(error) },
    );
    expect([isLeft, ends]).toEqual([true, [coded('NOT_FOUND')]]);
  });
});

test.each([
  ['GraphQL errors of graphql-ws', coded('NOT_FOUND'), true],
  ['errors of Apollo Client', { errors: coded('FORBIDDEN') }, true],
  ['errors of urql', { graphQLErrors: coded('BAD_USER_INPUT') }, true],
  ['a document that is refused', coded('GRAPHQL_VALIDATION_FAILED'), true],
  ['a cursor of another stream', coded('INVALID'), true],
  ['a step that is not allowed', coded('INVALID_TRANSITION'), true],
  ['a fault of the protocol', { code: 4400, reason: 'Invalid message' }, true],
  ['the same as Apollo Client tells it', new Error('Socket closed with event 4400 Invalid message'), true],
  ['a part that is away', coded('UNAVAILABLE'), false],
  ['a slow client', { errors: coded('SLOW_CONSUMER') }, false],
  ['a fault of the system', coded('INTERNAL'), false],
  ['a code that is not known', coded('TRY_ELSEWHERE'), false],
  ['a restart', { code: 1012, reason: 'Service restart' }, false],
  ['a lost connection', { networkError: { code: 1006, reason: '' } }, false],
  ['a token that has expired', new Error('Socket closed with event 4403 Forbidden'), false],
  ['nothing', undefined, false],
])('%s is final: %#', (_name, error, isOne) => {
  expect(isFinal(error)).toBe(isOne);
});
