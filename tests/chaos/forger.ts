import { randomBytes, randomUUID } from 'node:crypto';
import { signedHeaders } from '../../openclaw-simulator/callback.ts';
import type { History } from './history.ts';
import type { Forgery } from './plan.ts';
import { type Message, postCallback, type Relay } from './relay.ts';

/** Older than the five minutes that a signature is good for. */
const STALE_MS = 301_000;

/** Somebody who wants to end runs without being OpenClaw, and who has listened to it. */
export interface Forger {
  readonly forgeries: History['forgeries'];
  readonly replays: History['replays'];
  /** Posts a callback made up from one that was overheard, chosen by `roll`; nothing before there is one. */
  forge(forgery: Forgery, roll: number): Promise<void>;
  /** Posts a callback again exactly as it was overheard. */
  replay(roll: number): Promise<void>;
}

/** Makes a forger. It knows `secret` for stale signatures alone: those were good once. */
export function createForger(target: string, relay: Relay, secret: string): Forger {
  const forgeries: Forger['forgeries'] = [];
  const replays: Forger['replays'] = [];
  const overheard = (roll: number) => relay.delivered[Math.floor(roll * relay.delivered.length)];
  return {
    forgeries,
    replays,
    async forge(forgery, roll) {
      const real = overheard(roll);
      if (!real) return;
      const message = makeUp(forgery, real, secret);
      // No answer is no acceptance: a service is down.
      const { status } = await postCallback(target, message).catch(() => ({ status: 0 }));
      forgeries.push({ forgery, messageId: message.headers['webhook-id'] ?? '', status });
    },
    async replay(roll) {
      const real = overheard(roll);
      if (!real) return;
      const answer = await postCallback(target, real).catch(() => ({ status: 0, outcome: '' }));
      replays.push({ messageId: real.headers['webhook-id'] ?? '', ...answer });
    },
  };
}

function makeUp(forgery: Forgery, real: Message, secret: string): Message {
  const id = `forged_${randomUUID()}`;
  const body = Buffer.from(
    JSON.stringify({
      ...JSON.parse(real.body.toString()),
      runId: randomUUID(),
      success: true,
      text: 'Forged',
    }),
  );
  const type = { 'content-type': 'application/json' };
  const sign = (key: string, at = new Date()) => ({
    ...type,
    ...signedHeaders(key, id, body.toString(), at),
  });
  switch (forgery) {
    case 'unsigned':
      return { headers: { ...type, 'webhook-id': id }, body };
    case 'wrong-secret':
      return { headers: sign(`whsec_${randomBytes(32).toString('base64')}`), body };
    case 'stale':
      return { headers: sign(secret, new Date(Date.now() - STALE_MS)), body };
    case 'other-body':
      // The id stays, as it is signed too; the subgraph knows it already, so its inbox cannot show this one.
      return { headers: real.headers, body };
  }
}
