import type { Case } from '../case.ts';
import { get, history, hookBody, postAgent } from '../client.ts';

const refused = (name: string, fields: object, error: string): Case => ({
  name: `400: ${name}`,
  async observe(subject, sessionKey) {
    const { status, body } = await postAgent(subject, hookBody(sessionKey, '[[say=x]]', fields));
    return { status, body, calls: subject.modelCalls(sessionKey) };
  },
  expected: { status: 400, body: { ok: false, error }, calls: 0 },
});

export const refusals: Case[] = [
  refused('an unknown agent', { agentId: 'ghost' }, 'unknown agentId "ghost"'),
  refused('no message', { message: undefined }, 'message required'),
  refused('a blank message', { message: '  ' }, 'message required'),
  refused(
    'a session key with a prefix that is not allowed',
    { sessionKey: 'other:1' },
    'sessionKey must start with one of: hook:, task:, chat:',
  ),
  refused(
    'a persistent session without a key',
    { sessionKey: undefined },
    'sessionKey is required when sessionMode is persistent',
  ),
  refused(
    'waitForCompletion that is not a boolean',
    { waitForCompletion: 'yes' },
    'waitForCompletion must be boolean',
  ),
  {
    name: '401: a wrong token, the gateway token for hooks, and the hooks token for other paths',
    async observe(subject, sessionKey) {
      const fields = hookBody(sessionKey, '[[say=x]]');
      const answers = [
        await postAgent(subject, fields, { authorization: 'Bearer wrong' }),
        await postAgent(subject, fields, { authorization: `Bearer ${subject.gatewayToken}` }),
        await history({ ...subject, gatewayToken: subject.hooksToken }, 'agent:main:main'),
        await get({ ...subject, gatewayToken: subject.hooksToken }, '/v1/models'),
      ];
      return answers.map(({ status, body }) => ({ status, body }));
    },
    expected: [
      { status: 401, body: 'Unauthorized' },
      { status: 401, body: 'Unauthorized' },
      { status: 401, body: { error: { message: 'Unauthorized', type: 'unauthorized' } } },
      { status: 401, body: { error: { message: 'Unauthorized', type: 'unauthorized' } } },
    ],
  },
  {
    name: '413: more than 256 KiB; a message of 250,000 characters is accepted',
    async observe(subject, sessionKey) {
      const long = (characters: number) => `[[say=x]] (session ${sessionKey}) ${'x'.repeat(characters)}`;
      const tooLong = await postAgent(subject, hookBody(sessionKey, '', { message: long(262_144) }));
      const fitting = await postAgent(subject, hookBody(sessionKey, '', { message: long(250_000) }));
      return { tooLong: [tooLong.status, tooLong.body], fitting: fitting.status };
    },
    expected: { tooLong: [413, { ok: false, error: 'payload too large' }], fitting: 200 },
  },
];
