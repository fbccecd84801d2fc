import { randomBytes, randomUUID } from 'node:crypto';
import { signedHeaders } from '../../openclaw-simulator/callback.ts';
import type { History } from './history.ts';
import type { Forgery } from './plan.ts';
import { type Message, postCallback, type Relay } from './relay.ts';

/** Longer than the five minutes for which a signature is valid. */
const STALE_MS = 301_000;

/** An attacker that has captured OpenClaw's callbacks and tries to end runs with them. */
export interface Attacker {
  readonly forgeries: History['forgeries'];
  readonly replays: History['replays'];
  /** Posts a callback forged from a captured callback, which `pick` selects. Does nothing before there is one. */
  forge(forgery: Forgery, pick: number): Promise<void>;
  /** Posts a captured callback again without changes. Does nothing before there is one. */
  replay(pick: number): Promise<void>;
}

/** Creates an attacker. It uses `secret` only for stale signatures, which were valid earlier. */
export function createAttacker(callbackUrl: string, relay: Relay, secret: string): Attacker {
  const forgeries: Attacker['forgeries'] = [];
  const replays: Attacker['replays'] = [];
  const captured = (pick: number) => relay.delivered[Math.floor(pick * relay.delivered.length)];
  return {
    forgeries,
    replays,
    async forge(forgery, pick) {
      const real = captured(pick);
      if (!real) return;
      const message = buildForgery(forgery, real, secret);
      // Without an answer a service is down, and the callback was not accepted.
      const { status } = await postCallback(callbackUrl, message).catch(() => ({ status: 0 }));
      forgeries.push({ forgery, messageId: message.headers['webhook-id'] ?? '', status });
    },
    async replay(pick) {
      const real = captured(pick);
      if (!real) return;
      const answer = await postCallback(callbackUrl, real).catch(() => ({ status: 0, outcome: '' }));
      replays.push({ messageId: real.headers['webhook-id'] ?? '', ...answer });
    },
  };
}

function buildForgery(forgery: Forgery, real: Message, secret: string): Message {
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
      // The id is part of the signature and stays unchanged. The inbox has it already, so it cannot show this forgery.
      return { headers: real.headers, body };
  }
}
