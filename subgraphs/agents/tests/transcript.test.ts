import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const TRANSCRIPT = `query ($id: ID!, $before: String) {
  agentRun(id: $id) { transcript(last: 1, before: $before) { earlier messages { role } } } }`;

test('a transcript is read page by page, and a wrong `before` is INVALID without a question to OpenClaw', async () => {
  const { id } = await world.start();
  await world.runIn(id, 'SUCCEEDED');
  const last = await world.ask(TRANSCRIPT, { id });
  expect(last.data.agentRun.transcript).toEqual({
    earlier: expect.any(String),
    messages: [{ role: 'assistant' }],
  });

  const before = last.data.agentRun.transcript.earlier;
  const first = await world.ask(TRANSCRIPT, { id, before });
  expect(first.data.agentRun.transcript.messages).toEqual([{ role: 'user' }]);

  for (const wrong of ['', '0', '-1', 'next', '1e3', '9'.repeat(30)]) {
    const { errors } = await world.ask(TRANSCRIPT, { id, before: wrong });
    expect({ wrong, code: errors[0].originalError.code }).toEqual({ wrong, code: 'INVALID' });
  }
});
