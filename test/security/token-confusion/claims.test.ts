/**
 * Claims of an unexpected type or value in a token with a valid signature.
 *
 * Seen in: jwt-go CVE-2020-26160 (`aud: []`), jsonwebtoken CVE-2026-25537 (`exp` as a string).
 */

import { describe, expect, test } from 'vitest';
import { startGateway } from '../../support/gateway.ts';
import {
  attacker,
  issuer,
  jwkOf,
  now,
  type Outcome,
  outcomeOf,
  RESOURCE,
  signWith,
  upstream,
  useAttackedGateway,
} from './attacked-gateway.ts';

useAttackedGateway();

const claims: readonly (readonly [name: string, claims: Record<string, unknown>, outcome: Outcome])[] = [
  ['no aud', { aud: undefined }, 'wrong_audience'],
  ['aud []', { aud: [] }, 'wrong_audience'],
  ['aud ""', { aud: '' }, 'wrong_audience'],
  ['aud [""]', { aud: [''] }, 'wrong_audience'],
  ['aud null', { aud: null }, 'malformed_token'],
  ['aud [null]', { aud: [null] }, 'malformed_token'],
  ['aud [[ours]]', { aud: [[RESOURCE]] }, 'malformed_token'],
  ['aud {ours: true}', { aud: { [RESOURCE]: true } }, 'malformed_token'],
  ['aud {0: ours, length: 1}', { aud: { 0: RESOURCE, length: 1 } }, 'malformed_token'],
  ['aud true', { aud: true }, 'malformed_token'],
  ['aud 0', { aud: 0 }, 'malformed_token'],
  ['aud [ours, 1]', { aud: [RESOURCE, 1] }, 'malformed_token'],
  ['aud *', { aud: '*' }, 'wrong_audience'],
  ['aud a pattern', { aud: 'https://*.example/' }, 'wrong_audience'],
  ['aud without the slash', { aud: 'https://api.example' }, 'wrong_audience'],
  ['aud with a slash more', { aud: `${RESOURCE}/` }, 'wrong_audience'],
  ['aud in upper case', { aud: 'HTTPS://API.EXAMPLE/' }, 'wrong_audience'],
  ['aud with the port', { aud: 'https://api.example:443/' }, 'wrong_audience'],
  ['aud with a path', { aud: `${RESOURCE}x` }, 'wrong_audience'],
  ['aud as a list in one string', { aud: `${RESOURCE} https://other.example/` }, 'wrong_audience'],
  ['aud with a comma', { aud: `${RESOURCE},https://other.example/` }, 'wrong_audience'],
  ['aud with a space before', { aud: ` ${RESOURCE}` }, 'wrong_audience'],
  ['aud with a NUL behind', { aud: `${RESOURCE}\0` }, 'wrong_audience'],
  ['aud percent-encoded', { aud: 'https://%61pi.example/' }, 'wrong_audience'],
  ['resource instead of aud', { aud: undefined, resource: RESOURCE }, 'wrong_audience'],
  ['azp instead of aud', { aud: undefined, azp: RESOURCE }, 'wrong_audience'],
  ['Aud instead of aud', { aud: undefined, Aud: RESOURCE }, 'wrong_audience'],
  ['no exp', { exp: undefined }, 'malformed_token'],
  ['exp as a string', { exp: String(now() + 300) }, 'malformed_token'],
  ['exp as words', { exp: 'never' }, 'malformed_token'],
  ['exp null', { exp: null }, 'malformed_token'],
  ['exp true', { exp: true }, 'malformed_token'],
  ['exp in a list', { exp: [now() + 300] }, 'malformed_token'],
  ['exp {}', { exp: {} }, 'malformed_token'],
  ['exp 0', { exp: 0 }, 'token_expired'],
  ['exp -1', { exp: -1 }, 'token_expired'],
  ['exp a second ago', { exp: now() - 1 }, 'token_expired'],
  ['nbf as a string', { nbf: '0' }, 'malformed_token'],
  ['nbf null', { nbf: null }, 'malformed_token'],
  ['iat as a string', { iat: '0' }, 'malformed_token'],
  ['iat {}', { iat: {} }, 'malformed_token'],
  ['exp in milliseconds', { exp: Date.now() + 300_000 }, 'malformed_token'],
  ['nbf in milliseconds', { nbf: Date.now() }, 'malformed_token'],
  ['iat in milliseconds', { iat: Date.now() }, 'malformed_token'],
  ['typ ID in the payload', { typ: 'ID' }, 'wrong_token_type'],
  ['typ Refresh in the payload, without exp', { typ: 'Refresh', exp: undefined }, 'wrong_token_type'],
  ['token_use id', { token_use: 'id' }, 'wrong_token_type'],
  ['token_use ID_TOKEN, expired', { token_use: 'ID_TOKEN', exp: 1 }, 'wrong_token_type'],
  ['no iss', { iss: undefined }, 'untrusted_issuer'],
  ['iss in a list', { iss: ['http://127.0.0.1'] }, 'untrusted_issuer'],
  ['another iss', { iss: 'https://evil.example' }, 'untrusted_issuer'],
  ['iss __proto__', { iss: '__proto__' }, 'untrusted_issuer'],
];

describe('claims', () => {
  test.each(claims)('%s: refused', async (_name, wrong, outcome) => {
    expect(await outcomeOf(await issuer.sign({ claims: { aud: RESOURCE, ...wrong } }))).toBe(outcome);
  });

  test.each([
    ['exp 1e400', '"exp":1e400', 'malformed_token'],
    ['exp twice', `"exp":${now() + 300},"exp":1`, 'malformed_token'],
    ['exp twice, the last one good', `"aud":"${RESOURCE}","exp":1,"exp":${now() + 300}`, 'malformed_token'],
    ['aud twice, the last one good', `"exp":${now() + 300},"aud":"x","aud":"${RESOURCE}"`, 'malformed_token'],
    ['aud twice, by an escape', `"exp":${now() + 300},"\\u0061ud":"x","aud":"${RESOURCE}"`, 'malformed_token'],
    ['roles twice within a claim', `"exp":${now() + 300},"aud":"${RESOURCE}","a":{"r":1,"r":2}`, 'malformed_token'],
    ['aud of a prototype', `"exp":${now() + 300},"__proto__":{"aud":"${RESOURCE}"}`, 'wrong_audience'],
    ['exp of a prototype', `"aud":"${RESOURCE}","__proto__":{"exp":${now() + 300}}`, 'malformed_token'],
  ])('%s, as JSON that no serializer writes: refused', async (_name, text, outcome) => {
    // The attacker's key is published for the duration of this test.
    const jwks = issuer.jwks;
    const kid = `written-${text.length}`;
    issuer.jwks = { keys: [...(jwks?.keys ?? []), { ...jwkOf(attacker.publicKey), kid }] };
    const other = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
`);
    issuer.jwks = jwks;
    const sent = signWith(
      attacker.privateKey,
      { kid, alg: 'ES256', typ: 'at+jwt' },
      `{"iss":"${issuer.issuer}",${text}}`,
    );
    const reason = await outcomeOf(sent, other);
    await other.close();
    expect(reason).toBe(outcome);
  });
});
