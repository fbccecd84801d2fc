import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export const CLIENT_ID = 'team-board';
/** Claims to change; undefined removes one. */
export type Claims = { [Claim in keyof JWTPayload]: JWTPayload[Claim] | undefined };

type Behaviour = 'answers' | 'answers HTML' | 'answers 500' | 'hangs';

/** Opens an OIDC provider with one key. */
export async function openProvider() {
  const keys = new Map<string, Awaited<ReturnType<typeof generateKeyPair>>>();
  let keyRequests = 0;
  let behaviour: Behaviour = 'answers';
  const addKey = async (kid: string, alg = 'RS256') =>
    keys.set(kid, await generateKeyPair(alg, { extractable: true }));
  await addKey('first');

  const server = createServer(async (request, response) => {
    const isDiscovery = request.url?.endsWith('/.well-known/openid-configuration');
    if (!isDiscovery) keyRequests += 1;
    if (behaviour === 'hangs') return undefined;
    if (behaviour === 'answers HTML') return response.end('<html><h1>Maintenance</h1></html>');
    if (behaviour === 'answers 500') return response.writeHead(500).end('{"keys":[]}');
    const published = await Promise.all(
      [...keys].map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid })),
    );
    response.setHeader('content-type', 'application/json');
    return response.end(
      JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}jwks/` } : { keys: published }),
    );
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as { port: number };
  const issuer = `http://127.0.0.1:${port}/application/o/team-board/`;

  return {
    issuer,
    addKey,
    removeKey: (kid: string) => keys.delete(kid),
    /** Changes how the provider answers from now on. */
    becomes(change: Behaviour) {
      behaviour = change;
    },
    keyRequests: () => keyRequests,
    publicKey: (kid: string) => keys.get(kid)!.publicKey,
    /** Creates an access token that is valid for a minute, with changed claims. */
    token(
      changes: Claims = {},
      header: { alg?: string; kid?: string; typ?: string } = {},
      key?: Parameters<SignJWT['sign']>[0],
    ) {
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: issuer, aud: CLIENT_ID, sub: 'ada', name: 'Ada', exp: now + 60, ...changes };
      const kid = header.kid ?? 'first';
      return new SignJWT(
        Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)),
      )
        .setProtectedHeader({ alg: 'RS256', ...header, kid })
        .sign(key ?? keys.get(kid)!.privateKey);
    },
    /** Creates a valid access token that does not name the key that has signed it. */
    tokenWithoutKeyId: (kid: string) =>
      new SignJWT({ iss: issuer, aud: CLIENT_ID, sub: 'ada', exp: Math.floor(Date.now() / 1000) + 60 })
        .setProtectedHeader({ alg: 'RS256' })
        .sign(keys.get(kid)!.privateKey),
    /** Stops answering, until `start`. */
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    start: () => listen(port),
  };
}

export type Provider = Awaited<ReturnType<typeof openProvider>>;
