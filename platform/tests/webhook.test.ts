import { describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { isSignedBy, readWebhookHeaders, webhookSecret } from '../identity/webhook.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(24, 8).toString('base64')}`;
const NOW = 1_795_000_000_000;

/** The headers that the library of the standard gives to a body. */
const headersOf = (body: string, { secret = SECRET, at = NOW, id = 'msg_1' } = {}) => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at / 1000)),
  'webhook-signature': new Webhook(secret).sign(id, new Date(at), body),
});
const isGood = (headers: Record<string, string>, body: string, secrets = [SECRET]) => {
  const claim = readWebhookHeaders(headers, NOW);
  return claim !== null && isSignedBy(secrets.map(webhookSecret), claim, Buffer.from(body));
};

describe('a webhook', () => {
  test.each(['{}', '', 'ü € 😀', 'x'.repeat(100_000)])('that the library signed is good: %.9s', (body) => {
    expect(isGood(headersOf(body), body)).toBe(true);
    expect(isGood(headersOf(body, { secret: OTHER }), body, [SECRET, OTHER])).toBe(true);
  });

  test('may carry signatures of two secrets and of other versions', () => {
    const [one, two] = [headersOf('{}', { secret: OTHER }), headersOf('{}')];
    const both = `v1a,AAAA ${one['webhook-signature']} ${two['webhook-signature']}`;
    expect(isGood({ ...two, 'webhook-signature': both }, '{}')).toBe(true);
  });

  test('is not good with another body, id, time or secret', () => {
    const headers = headersOf('{}');
    expect(isGood(headers, '{ }')).toBe(false);
    expect(isGood({ ...headers, 'webhook-id': 'msg_2' }, '{}')).toBe(false);
    expect(isGood({ ...headers, 'webhook-timestamp': String(NOW / 1000 + 1) }, '{}')).toBe(false);
    expect(isGood(headers, '{}', [OTHER])).toBe(false);
  });

  test('is good for five minutes', () => {
    expect(isGood(headersOf('{}', { at: NOW - 300_000 }), '{}')).toBe(true);
    for (const at of [NOW - 301_000, NOW + 301_000])
      expect(isGood(headersOf('{}', { at }), '{}')).toBe(false);
  });

  test('of two megabytes that nobody signed costs less than 15 ms', () => {
    const claim = readWebhookHeaders(headersOf('{}'), NOW);
    const body = Buffer.alloc(2_000_000, 'x');
    const secrets = [SECRET, OTHER].map(webhookSecret);
    const times = Array.from({ length: 5 }, () => {
      const before = performance.now();
      expect(isSignedBy(secrets, claim!, body)).toBe(false);
      return performance.now() - before;
    });
    expect(Math.min(...times)).toBeLessThan(15);
  });
});
