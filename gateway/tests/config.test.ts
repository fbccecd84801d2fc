import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../platform/process/config.ts';
import { testLog } from '../../platform/testing/infrastructure.ts';
import { createAuthentication } from '../authentication.ts';
import { GatewayConfig } from '../config.ts';
import { SIGNING_KEY } from './subgraph.ts';
import { gatewayConfig } from './world.ts';

const problemsOf = (environment: Record<string, string>): string[] => {
  try {
    readConfig(GatewayConfig, environment);
    return [];
  } catch (error) {
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
};

describe('the settings', () => {
  test('are reported all at once when they are invalid or missing', () => {
    const problems = problemsOf({
      GATEWAY_PORT: '70000',
      SIGN_IN: 'oidc',
      TASKS_URL: 'ftp://tasks',
      ALLOWED_ORIGINS: 'https://app.example.com, https://app.example.com/path',
      HYDRATIONS_MAX: 'many',
    });
    expect(problems.map((line) => line.split(/:| is/)[0])).toEqual([
      'GATEWAY_SIGNING_KEY',
      'GATEWAY_PORT',
      'TASKS_URL',
      'ALLOWED_ORIGINS',
      'HYDRATIONS_MAX',
      'AUTHENTIK_ISSUER',
      'AUTHENTIK_CLIENT_ID',
    ]);
    expect(problems[0]).toBe(
      'GATEWAY_SIGNING_KEY is not set. The key with which the gateway signs its requests; the same for all services.',
    );
  });

  test('must name the kind of sign-in', () => {
    expect(problemsOf({ GATEWAY_SIGNING_KEY: SIGNING_KEY })).toEqual([
      expect.stringMatching(/^SIGN_IN is not set\. /),
    ]);
  });

  test('of OIDC are required only with SIGN_IN=oidc', () => {
    expect(problemsOf({ GATEWAY_SIGNING_KEY: SIGNING_KEY, SIGN_IN: 'development' })).toEqual([]);
  });

  test('accept a list of origins with spaces', () => {
    const { ALLOWED_ORIGINS } = gatewayConfig({
      ALLOWED_ORIGINS: ' https://a.example , http://b.example:3000,',
    });
    expect(ALLOWED_ORIGINS).toEqual(['https://a.example', 'http://b.example:3000']);
  });
});

describe('development sign-in', () => {
  test.each(['0.0.0.0', '::', '10.0.0.1', 'board.example.com'])('is refused on %s', (HOST) => {
    expect(() => createAuthentication(gatewayConfig({ HOST }), testLog)).toThrow('HOST must be 127.0.0.1');
  });

  test.each(['127.0.0.1', '::1', 'localhost'])('works on %s', async (HOST) => {
    const authenticate = createAuthentication(gatewayConfig({ HOST }), testLog);
    expect((await authenticate(undefined)).actor.displayName).toBe('Developer');
  });

  test('makes everybody an admin of the workspace, or those whom the settings name', async () => {
    const roles = async (settings: Record<string, string>) => {
      const authenticate = createAuthentication(gatewayConfig(settings), testLog);
      const people = [undefined, 'Development Ada', 'Development Bob'];
      const signedIn = await Promise.all(people.map((name) => authenticate(name)));
      return signedIn.map(({ actor }) => actor.kind === 'person' && actor.workspaceRole);
    };
    expect(await roles({})).toEqual(['ADMIN', 'ADMIN', 'ADMIN']);
    expect(await roles({ WORKSPACE_ADMINS: 'Ada, Root' })).toEqual(['MEMBER', 'ADMIN', 'MEMBER']);
  });

  test('gives the same person for the same name', async () => {
    const authenticate = createAuthentication(gatewayConfig(), testLog);
    const [one, same, other] = await Promise.all(
      ['Development Ada', 'development  Ada', 'Development Bob'].map((name) => authenticate(name)),
    );
    expect(one).toEqual(same);
    expect(one?.actor.id).not.toBe(other?.actor.id);
  });
});
