import { exportJWK, generateKeyPair } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { fetchPublicKeys } from '../../../../src/cli/probe/issuer-keys.ts';
import { encodePart, readJws } from '../../../../src/probe/tokens/jws-parts.ts';
import { startUpstream, type Upstream } from '../../../support/upstream.ts';

let issuer: Upstream;
afterEach(() => issuer.close());

const KEYS = await Promise.all(
  ['first', 'second', 'third'].map(async kid => ({
    ...(await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey)),
    kid,
  })),
);

async function fetchFor(header: object): Promise<readonly unknown[]> {
  issuer = await startUpstream({ handle: (_req, res) => res.end(JSON.stringify({ keys: KEYS })) });
  const jws = readJws(`${encodePart({ alg: 'ES256', ...header })}.${encodePart({ sub: 'a' })}.c2ln`);
  if (!jws) throw new Error('no JWS');
  const keys = await fetchPublicKeys(jws, `${issuer.origin}/jwks`, {});
  return keys.map(key => key.export({ format: 'jwk' })['x']);
}

test('of several keys: the one that signed the token', async () => {
  expect(await fetchFor({ kid: 'third' })).toEqual([KEYS[2]?.x]);
});

test('a token without kid, or with one that is not published: every key', async () => {
  const all = KEYS.map(({ x }) => x);
  expect(await fetchFor({})).toEqual(all);
  await issuer.close();
  expect(await fetchFor({ kid: 'fourth' })).toEqual(all);
});
