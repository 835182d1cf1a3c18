/** Random requests: the authorizer decides as the data listener does, in every form. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SEED } from '../../support/fixed-seed.ts';
import { startGateway } from '../../support/gateway.ts';
import { bearer, type HeaderPair, headerValues, type RawResponse, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { ask, FORMS, fieldsOf, formatQuestion } from './fixture.ts';

const HOSTS = ['front.example', 'front.example', 'front.example', 'own.example', 'OWN.example:8443', 'other.example'];
const AUDIENCES = [
  'https://a.example/',
  'https://b.example/',
  'https://own.example/',
  'https://foreign.example/',
] as const;
const CREDENTIALS = ['valid', 'none', 'expired', 'early', 'forged', 'opaque', 'basic', 'empty', 'two'] as const;

/** The first value two times out of three. */
function often<const T>(first: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(first) },
    { weight: 1, arbitrary: fc.constantFrom(first, ...others) },
  );
}

const requests = fc.record({
  host: fc.constantFrom(...HOSTS),
  method: often('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'get', 'PURGE'),
  path: fc
    .tuple(
      often('/a', '/b', '/report', '/verify', '/open', '/none', ''),
      fc.array(fc.constantFrom('/x', '/admin', '/~', '/%40', '/caf%C3%A9', '/x%20y'), { maxLength: 3 }),
      fc.constantFrom('', '/', '?q=/../b', '?'),
    )
    .map(([first, rest, end]) => first + rest.join('') + end)
    .map(path => (path.startsWith('/') ? path : `/${path}`)),
  audience: often(...AUDIENCES),
  scopes: fc.subarray(['a:read', 'a:admin']),
  credentials: often(...CREDENTIALS),
  type: often('at+jwt', 'JWT'),
});

type Asked = typeof requests extends fc.Arbitrary<infer T> ? T : never;

test('200 random requests in each form: status, challenge, reason and identity are those of the data listener', async () => {
  const [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const gateway = await startGateway(describeGateway(issuer, upstream));
  const seen = new Map<string, number>();
  try {
    for (const asked of fc.sample(requests, { numRuns: 200, seed: SEED })) {
      const headers = [...(await credentialsOf(asked, issuer)), ['X-User', 'mallory'] as const];
      const { method, path, host } = asked;
      upstream.received.length = 0;
      const direct = await request(gateway.port, { method, path, headers: [['Host', host], ...headers] });
      const [arrived] = upstream.received;
      const arrivedAs = (name: string) => arrived && (headerValues(arrived.rawHeaders, name).join(',') || undefined);
      const expected = describe(direct, arrived !== undefined, arrivedAs('x-user'), arrivedAs('authorization'));
      for (const form of FORMS) {
        const answer = await ask(
          gateway.authorizerPort,
          formatQuestion(form, { method, target: path, host, headers }),
          form === 'envoy' ? method : 'GET',
        );
        const fields = fieldsOf(answer);
        const isAllowed = answer.status === 200;
        const found = describe(answer, isAllowed, fields['x-user'], fields['authorization']);
        // Only the answer to HEAD itself has no body.
        const compared = form !== 'envoy' && method === 'HEAD' ? { ...found, reason: undefined } : found;
        expect({ asked, form, ...compared }).toEqual({ asked, form, ...expected });
      }
      const name = String(expected.reason ?? expected.status);
      seen.set(name, (seen.get(name) ?? 0) + 1);
    }
    for (const each of [
      'allowed',
      'no_route',
      'missing_token',
      'wrong_audience',
      'insufficient_scope',
      'method_not_allowed',
    ]) {
      expect([each, seen.get(each) ?? 0]).not.toEqual([each, 0]);
    }
  } finally {
    await gateway.close();
    await Promise.all([issuer.close(), upstream.close()]);
  }
}, 60_000);

function describeGateway({ issuer, jwksUri }: TokenIssuer, { origin }: Upstream): string {
  const to = (more: string) => `{ upstream: "${origin}", ${more} }`;
  return `
authorizer: 127.0.0.1:0
issuers:
  ${issuer}: { jwks_uri: "${jwksUri}" }
routes:
  /a: ${to('resource: "https://a.example/", scopes: { GET: [a:read], "* /admin": [a:admin] }, claims_to_headers: { X-User: sub }')}
  /b: ${to('resource: "https://b.example/", upstream_token: forward, claims_to_headers: { X-User: sub }')}
  /report: ${to('resource: "https://a.example/", enforcement: report, claims_to_headers: { X-User: sub }')}
  /verify: ${to('resource: "https://a.example/", enforcement: verify')}
  /open: ${to('public: true')}
  own.example/a: ${to('resource: "https://own.example/", claims_to_headers: { X-User: client_id }')}
`;
}

/** What a client sees of a decision, or the upstream. */
function describe(response: RawResponse, isAllowed: boolean, user: unknown, authorization: unknown) {
  if (isAllowed) return { status: 'allowed', user, authorization };
  const fields = fieldsOf(response);
  const body = response.body.toString();
  return {
    status: fields['audgate-status'] ?? String(response.status),
    challenge: fields['www-authenticate'],
    allow: fields['allow'],
    retry: fields['retry-after'],
    reason: body === '' ? undefined : (JSON.parse(body) as { reason: string }).reason,
  };
}

async function credentialsOf(
  { credentials, audience, scopes, type }: Asked,
  issuer: TokenIssuer,
): Promise<HeaderPair[]> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { aud: audience, sub: 'alice', client_id: 'web', scope: scopes.join(' ') };
  const sign = (more = {}) => issuer.sign({ header: { typ: type }, claims: { ...claims, ...more } });
  switch (credentials) {
    case 'none':
      return [];
    case 'expired':
      return [bearer(await sign({ exp: now - 60 }))];
    case 'early':
      return [bearer(await sign({ nbf: now + 600 }))];
    case 'forged':
      return [bearer(`${(await sign()).slice(0, -6)}AAAAAA`)];
    case 'opaque':
      return [bearer('opaque')];
    case 'basic':
      return [['Authorization', 'Basic YTpi']];
    case 'empty':
      return [['Authorization', 'Bearer ']];
    case 'two':
      return [bearer(await sign()), ['Authorization', 'Basic YTpi']];
    default:
      return [bearer(await sign())];
  }
}
