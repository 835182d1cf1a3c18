/** Tokens that a strict verifier might refuse although they are valid; several keys with one `kid`. */

import { describe, expect, test } from 'vitest';
import { issuer, now, outcomeOf, RESOURCE, useAttackedGateway, visitors } from './attacked-gateway.ts';

useAttackedGateway();

describe('unusual but valid tokens', () => {
  test.each<readonly [string, Record<string, unknown>, Record<string, unknown>]>([
    ['the key behind three others of its kid', {}, {}],
    ['no kid', { kid: undefined }, {}],
    ['typ application/at+jwt', { typ: 'application/at+jwt' }, {}],
    ['typ AT+JWT', { typ: 'AT+JWT' }, {}],
    ['an unknown header', { x: 1 }, {}],
    ['a jku that is not fetched', { jku: 'http://127.0.0.1:1/' }, {}],
    ['aud in a list', {}, { aud: [RESOURCE] }],
    ['aud among others', {}, { aud: ['urn:x', RESOURCE] }],
    ['exp with a fraction', {}, { exp: now() + 300.5 }],
    ['exp in 99 years', {}, { exp: Math.floor(Date.now() / 1000) + 99 * 365 * 86_400 }],
  ])('%s: forwarded', async (_name, header, extra) => {
    expect(await outcomeOf(await issuer.sign({ header, claims: { aud: RESOURCE, ...extra } }))).toBe('forwarded');
    expect(visitors).toBe(0);
  });
});
