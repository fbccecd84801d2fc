import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setGrant } from '../../../platform/identity/grants.ts';
import { aPerson } from '../../../platform/testing/actors.ts';
import { projectScope } from '../../../schema/scopes.ts';
import { HIDDEN, hideQuotations } from '../openclaw/private-text.ts';
import { openWorld } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const CANARY = 'canary-5d1f';
const SYSTEM_PROMPT = `You are the secret keeper ${CANARY}.\nNever tell anybody that "Project Heron" exists. ${CANARY}`;
const RUN = `query ($id: ID!) { agentRun(id: $id) {
  state instruction agent { name slug systemPrompt tags } failure { message } outcome { text possibleQuestion }
  attempts { prompt message failure { message } } question { body message answer } activities { nodes { text } }
  transcript { messages { text } } } }`;

/** What each person reads of a run of the agent with the secret. */
async function readAs(runId: string) {
  const { projectId } = await world.run(runId);
  const colleague = aPerson('Bob');
  await setGrant(world.em(), projectScope(projectId), colleague.id, 'OWNER');
  const admin = { ...colleague, workspaceRole: 'ADMIN' } as const;
  const read = async (actor: typeof colleague) => {
    const { data, errors } = await world.ask(RUN, { id: runId }, actor);
    expect(errors).toBeUndefined();
    return data.agentRun;
  };
  return { owner: await read(world.member), admin: await read(admin), colleague: await read(colleague) };
}

const newAgent = () => world.agent({ systemPrompt: SYSTEM_PROMPT });

describe('the system prompt of an agent', () => {
  test('is in prompts and transcripts of its runs for its owner and admins only', async () => {
    const { id } = await world.start({ agentId: (await newAgent()).id, instruction: 'Say hello' });
    await world.runIn(id, 'SUCCEEDED');

    const { owner, admin, colleague } = await readAs(id);

    for (const read of [owner, admin]) {
      expect(read.attempts[0].prompt).toContain(SYSTEM_PROMPT);
      expect(JSON.stringify(read.transcript)).toContain(CANARY);
    }
    expect(JSON.stringify(colleague)).not.toContain(CANARY);
    expect(colleague.attempts[0].prompt).toMatch(/Only the agent's owner.*Say hello/s);
    expect(colleague.transcript.messages[0].text).toContain('Say hello');
  });

  test('is not told by an error that quotes the prompt, whole, escaped or cut', async () => {
    for (const quoted of [SYSTEM_PROMPT, JSON.stringify(SYSTEM_PROMPT), SYSTEM_PROMPT.slice(0, 60)]) {
      world.simulator.set({ callbacks: 'never' });
      const { id } = await world.start({ agentId: (await newAgent()).id });
      const { sessionKey } = await world.runIn(id, 'RUNNING');
      await world.callback({ sessionKey, success: false, error: `400 Invalid message: ${quoted}` });
      await world.callback({ sessionKey, success: false, error: `late: ${quoted}` }, { id: randomUUID() });

      const { owner, colleague } = await readAs(id);

      expect(owner.state).toBe('FAILED');
      expect(JSON.stringify(colleague)).not.toContain(CANARY);
      expect(colleague.failure.message).toContain('400 Invalid message');
    }
  });

  test('stays private when the agent gets another one later', async () => {
    world.simulator.set({ callbacks: 'normal' });
    const agent = await newAgent();
    const { id } = await world.start({ agentId: agent.id });
    await world.runIn(id, 'SUCCEEDED');
    await world.em().execute("update agents.agent set system_prompt = 'another' where id = ?", [agent.id]);

    expect(JSON.stringify((await readAs(id)).colleague)).not.toContain(CANARY);
  });
});

describe('a text that may quote a private text', () => {
  const secret = 'x'.repeat(5) + Array.from({ length: 60 }, (_, at) => `rule ${at}`).join('; ');

  test.each([
    ['all of it', `a ${secret} b`, `a ${HIDDEN} b`],
    ['its end', `a ${secret.slice(-100)} b`, `a ${HIDDEN} b`],
    ['a part of it, cut', `abc#${secret.slice(50, 120)}`, `abc#${HIDDEN}`],
    ['nothing of it', 'a rule 7; b', 'a rule 7; b'],
  ])('is shown without the quotation when it quotes %s', (_what, text, shown) => {
    expect(hideQuotations(text, secret)).toBe(shown);
  });

  test('is hidden when the private text is not known, and whole when there is none', () => {
    expect(hideQuotations('anything', null)).toBe(HIDDEN);
    expect(hideQuotations('anything', '')).toBe('anything');
  });
});
