/** A valid token in another serialization than the compact one (RFC 7515 section 7.1), or in another place than Authorization. */

import { describe, expect, test } from 'vitest';
import { bearer, type HeaderPair, request } from '../../support/raw-http.ts';
import { encode, gateway, issuer, outcomeOf, RESOURCE, upstream, useAttackedGateway } from './attacked-gateway.ts';

useAttackedGateway();

describe('another serialization than the compact one', () => {
  const good = () => issuer.sign({ claims: { aud: RESOURCE } });
  test.each<readonly [string, (token: string) => string, string]>([
    ['five parts (JWE)', () => 'a.b.c.d.e', 'malformed_token'],
    ['two parts', token => token.split('.').slice(0, 2).join('.'), 'malformed_token'],
    ['four parts', token => `${token}.x`, 'malformed_token'],
    ['an empty part', token => token.replace(/\.[^.]+\./, '..'), 'malformed_token'],
    ['JSON serialization', token => asJson(token), 'malformed_credentials'],
    ['padding', token => `${token}==`, 'malformed_token'],
    ['padding in the middle', token => token.replace('.', '=.'), 'malformed_token'],
    ['base64 instead of base64url', token => token.replace('.', '+.'), 'malformed_token'],
    ['a slash', token => token.replace('.', '/.'), 'malformed_token'],
    ['a dot before', token => `.${token}`, 'malformed_token'],
    ['a dot behind', token => `${token}.`, 'malformed_token'],
    ['a space inside', token => token.replace('.', '. '), 'malformed_token'],
    ['a comma behind', token => `${token},`, 'malformed_credentials'],
    ['a second token behind a comma', token => `${token}, Bearer ${token}`, 'malformed_credentials'],
    ['quotes', token => `"${token}"`, 'malformed_token'],
    ['a payload that is a list', () => `${encode({ alg: 'ES256' })}.${encode([])}.AAAA`, 'malformed_token'],
    ['a payload that is text', () => `${encode({ alg: 'ES256' })}.${encode('"x"')}.AAAA`, 'malformed_token'],
    ['a payload that is not UTF-8', () => `${encode({ alg: 'ES256' })}._w.AAAA`, 'malformed_token'],
    ['a header that is null', () => `${encode(null)}.e30.AAAA`, 'malformed_token'],
    ['nothing', () => '', 'malformed_credentials'],
  ])('%s: refused', async (_name, spoil, outcome) => {
    expect(await outcomeOf(spoil(await good()))).toBe(outcome);
  });

  test.each<readonly [string, (token: string) => readonly HeaderPair[], string, string]>([
    ['in the query', () => [], '?access_token=', 'missing_token'],
    ['in a cookie', token => [['Cookie', `access_token=${token}`]], '', 'missing_token'],
    ['in X-Access-Token', token => [['X-Access-Token', token]], '', 'missing_token'],
    ['in Proxy-Authorization', token => [['Proxy-Authorization', `Bearer ${token}`]], '', 'missing_token'],
    ['as Basic', token => [['Authorization', `Basic ${token}`]], '', 'missing_token'],
    ['as DPoP', token => [['Authorization', `DPoP ${token}`]], '', 'missing_token'],
    ['without a scheme', token => [['Authorization', token]], '', 'missing_token'],
    ['twice', token => [bearer(token), ['authorization', `Bearer ${token}`]], '', 'malformed_credentials'],
    ['beside Basic', token => [['Authorization', 'Basic eDp5'], bearer(token)], '', 'malformed_credentials'],
    ['in Authorization_', token => [['Authorization_', `Bearer ${token}`]], '', 'missing_token'],
  ])('a good token %s: refused', async (_name, headers, query, outcome) => {
    const token = await good();
    const response = await request(gateway.port, { path: `/api/x${query && query + token}`, headers: headers(token) });
    expect(upstream.received).toEqual([]);
    expect(JSON.parse(response.body.toString()).reason).toBe(outcome);
  });
});

function asJson(token: string): string {
  const [header, payload, signature] = token.split('.');
  return JSON.stringify({ protected: header, payload, signature });
}
