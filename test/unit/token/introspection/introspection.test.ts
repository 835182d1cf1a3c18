/** What a verifier keeps of answers: for how long, over a reload, and how often it tells of failures. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Issuer } from '../../../../src/config/config.ts';
import { RevokedTokens } from '../../../../src/config/revoked/revoked-tokens.ts';
import { isJwt } from '../../../../src/token/introspection/introspection.ts';
import { TokenVerifier, type VerifierEvents } from '../../../../src/token/verifier.ts';
import { type IntrospectionServer, startIntrospectionServer } from '../../../support/introspection-server.ts';
import { exampleIssuer, SILENT } from '../example-token.ts';

const NAME = 'urn:example:opaque';
const ROUTE = { issuers: new Set([NAME]), enforcement: 'enforce', exceptions: new Map() } as const;
const EXP = 2_000_000_000;

let server: IntrospectionServer;
let outcomes: string[];
let failures: string[];
const verifiers: TokenVerifier[] = [];

beforeEach(async () => {
  server = await startIntrospectionServer();
  server.tokens.set('opaque', { active: true, aud: 'a', exp: EXP });
  outcomes = [];
  failures = [];
});
afterEach(async () => {
  for (const verifier of verifiers.splice(0)) verifier.stop();
  await server.close();
});

function issuerWith(fields: { readonly cache?: number; readonly secret?: string } = {}): Issuer {
  const { cache = 60_000, secret = 'secret' } = fields;
  return exampleIssuer({
    issuer: NAME,
    keySource: { kind: 'none' },
    introspection: {
      endpoint: server.endpoint,
      clientId: 'gateway',
      authentication: { method: 'basic', secret },
      cache,
      includesJwts: false,
    },
  });
}

function verifierOf(issuer: Issuer, previous?: TokenVerifier): TokenVerifier {
  const events: VerifierEvents = {
    ...SILENT,
    onIntrospection: (_, outcome) => outcomes.push(outcome),
    onIntrospectionFailure: (_, error) => failures.push(error),
  };
  const verifier = new TokenVerifier(new Map([[NAME, issuer]]), events, new RevokedTokens(), previous);
  verifiers.push(verifier);
  return verifier;
}

const judge = async (verifier: TokenVerifier, token = 'opaque', now = EXP * 1000 - 60_000) => {
  const judged = await verifier.judge(token, now, ROUTE);
  return judged.ok ? 'good' : judged.reason;
};

test('an answer that is kept: refused from exp on, though nobody is asked again', async () => {
  const verifier = verifierOf(issuerWith());
  expect(await judge(verifier)).toBe('good');
  expect(await judge(verifier, 'opaque', EXP * 1000 - 1)).toBe('good');
  expect(await judge(verifier, 'opaque', EXP * 1000)).toBe('token_expired');
  expect(outcomes).toEqual(['active', 'hit', 'hit']);
});

test('an answer, once `cache` is over since it was asked for: asked again', async () => {
  const verifier = verifierOf(issuerWith({ cache: 50 }));
  const startedAt = performance.now();
  expect(await judge(verifier)).toBe('good');
  server.tokens.delete('opaque');
  while (performance.now() - startedAt < 60) await new Promise(resolve => setImmediate(resolve));
  expect(await judge(verifier)).toBe('inactive_token');
  expect(outcomes).toEqual(['active', 'inactive']);
});

test('a reload: answers of an unchanged issuer are kept, and none under other settings', async () => {
  const first = verifierOf(issuerWith());
  await judge(first);
  const second = verifierOf(issuerWith(), first);
  first.stop();
  expect(await judge(second)).toBe('good');
  const third = verifierOf(issuerWith({ secret: 'another' }), second);
  expect(await judge(third)).toBe('good');
  expect(outcomes).toEqual(['active', 'hit', 'active']);
  verifiers.splice(verifiers.indexOf(first), 1);
});

test('failures: each is counted, one and the same is told once, another one and one after a success are told', async () => {
  const verifier = verifierOf(issuerWith());
  server.answer = response => response.writeHead(500).end();
  for (const token of ['a', 'b', 'c']) expect(await judge(verifier, token)).toBe('keys_unavailable');
  server.answer = response => response.writeHead(502).end();
  await judge(verifier, 'd');
  server.answer = undefined;
  await judge(verifier, 'e');
  server.answer = response => response.writeHead(502).end();
  await judge(verifier, 'f');
  expect(outcomes).toEqual(['failure', 'failure', 'failure', 'failure', 'inactive', 'failure']);
  expect(failures.map(error => /status (\d+)/.exec(error)?.[1])).toEqual(['500', '502', '502']);
});

test('a failure is not kept: the next request asks', async () => {
  const verifier = verifierOf(issuerWith());
  server.answer = response => response.destroy();
  expect(await judge(verifier)).toBe('keys_unavailable');
  server.answer = undefined;
  expect(await judge(verifier)).toBe('good');
});

test('10,000 unknown tokens: a known one is still answered without a call', async () => {
  const verifier = verifierOf(issuerWith());
  await judge(verifier);
  server.answer = response => response.end('{"active":false}');
  for (let batch = 0; batch < 100; batch += 1) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => judge(verifier, `random-${batch}-${index}`)));
  }
  expect(await judge(verifier)).toBe('good');
  expect(server.questions).toHaveLength(10_001);
});

const encode = (text: string) => Buffer.from(text).toString('base64url');

test.each([
  ['a JWS', `${encode('{"alg":"RS256"}')}.${encode('{}')}.x`, true],
  ['an empty object', `${encode('{}')}.a.b`, true],
  ['a byte order mark before the object', `${encode('\uFEFF{}')}.a.b`, true],
  ['plain base64, padded', `${Buffer.from('{"a":"ÿÿ>"}').toString('base64')}.a`, true],
  ['an object alone', encode('{"alg":"none"}'), true],
  ['a list', `${encode('[]')}.a.b`, false],
  ['a text', 'opaque', false],
  ['nothing before the dot', '.a.b', false],
  ['a part of an object', `${encode('{"alg":')}.a.b`, false],
])('isJwt of %s: %s', (_, token, expected) => {
  expect(isJwt(token)).toBe(expected);
});
