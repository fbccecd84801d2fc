import { randomUUID } from 'node:crypto';
import { type AgentInRun, type Person, person } from '../identity/actor.ts';

/** A person whom no other test knows. */
export const aPerson = (displayName = 'Ada', id: string = randomUUID()): Person =>
  person({ id, displayName, avatarUrl: null });

/** An agent in a run; by default without scopes and for a new person. */
export const agentInRun = (values: Partial<AgentInRun> = {}): AgentInRun => ({
  kind: 'agent',
  id: randomUUID(),
  displayName: 'Writer',
  runId: randomUUID(),
  scopes: [],
  onBehalfOf: aPerson(),
  ...values,
});
