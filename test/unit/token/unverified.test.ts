import { expect, test } from 'vitest';
import { readUnverified } from '../../../src/token/unverified.ts';

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const header = encode({ alg: 'RS256', kid: 'k', typ: 'at+jwt', jwk: { n: 'secret' } });
const claims = encode({ iss: 'https://login.example', sub: 'alice' });

test.each([
  ['a JWS', `${header}.${claims}.c2ln`, { iss: 'https://login.example', kid: 'k', alg: 'RS256' }],
  ['a JWS without a signature', `${header}.${claims}`, { iss: 'https://login.example', kid: 'k', alg: 'RS256' }],
  ['a JWE, whose claims cannot be read', `${encode({ alg: 'RSA-OAEP' })}.a.b.c.d`, { alg: 'RSA-OAEP' }],
  ['claims that are no JSON', `${header}.${encode('x')}.c2ln`, { kid: 'k', alg: 'RS256' }],
  ['claims with two iss', `${header}.${encode('{"iss":"a","iss":"b"}')}.c2ln`, { kid: 'k', alg: 'RS256' }],
  ['a header that is a list', `${encode([1])}.${claims}.c2ln`, { iss: 'https://login.example' }],
  ['values that are no strings', `${encode({ alg: 1, kid: ['k'] })}.${claims}.x`, { iss: 'https://login.example' }],
])('%s: what can be read of iss, kid and alg', (_, token, expected) => {
  const none = { iss: undefined, kid: undefined, alg: undefined };
  expect(readUnverified(token)).toEqual({ ...none, ...expected });
});

test.each(['', 'opaque', 'a.b.c', `${encode({ typ: 'JWT' })}.${encode({ sub: 'a' })}.x`, '...', '\xff.\xff'])(
  '%j: nothing',
  token => {
    expect(readUnverified(token)).toBeUndefined();
  },
);
