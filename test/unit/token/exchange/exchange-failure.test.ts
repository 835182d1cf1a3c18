/** What is logged of the text of a token endpoint: never what was sent to it, in whole or in part. */

import { describe, expect, test } from 'vitest';
import { quotePeer } from '../../../../src/token/exchange/exchange-failure.ts';

const OPAQUE = 'ory_at_dGhpcyBpcyBub3QgYSBqd3Q.c2lnbmF0dXJl';
const JWT = `eyJhbGciOiJFUzI1NiJ9.${'eyJpc3MiOiJodHRwczovL2EifQ'.repeat(20)}.c2lnbmF0dXJl`;
const SECRET = 'correct horse battery staple';
const SENT = [OPAQUE, JWT, SECRET];

test.each<[string, unknown, string | undefined]>([
  ['plain words', 'Invalid token audience', 'Invalid token audience'],
  ['no text', { a: 1 }, undefined],
  ['nothing', undefined, undefined],
  [
    'a correlation id',
    'AADSTS50013: trace 8a1c1c5e-0000-4000-8000-000000000000',
    'AADSTS50013: trace 8a1c1c5e-0000-4000-8000-000000000000',
  ],
  ['the token', `bad ${OPAQUE}!`, 'bad [removed]!'],
  ['the secret', `bad ${SECRET}!`, 'bad [removed]!'],
  ['the beginning of the token', `bad ${OPAQUE.slice(0, 20)}…`, 'bad [removed]…'],
  ['the end of the token', `bad …${OPAQUE.slice(-20)}`, 'bad …[removed]'],
  ['a part of the token among other letters', `x=${OPAQUE.slice(5, 25)}zz y`, '[removed] y'],
  ['the beginning of a JWT', `bad ${JWT.slice(0, 40)}`, 'bad [removed]'],
  ['the signature of the JWT', `signature ${JWT.slice(-12)} differs`, 'signature [removed] differs'],
  ['a JWT that was not sent', 'for eyJhbGciOiJub25lIn0.e30.', 'for [removed]'],
  ['words as long as a part of the token', 'unauthorized_client', 'unauthorized_client'],
  ['the secret as a form has it', 'client_secret=correct+horse+battery+staple&x', 'client_secret=[removed]&x'],
  ['the secret as a URL has it', 'secret correct%20horse%20battery%20staple', 'secret [removed]'],
  ['the secret as Basic has it', `pass ${Buffer.from(SECRET).toString('base64')}`, 'pass [removed]'],
  ['a part of the secret in a form', 'at horse+battery+staple', 'at [removed]'],
  ['encoded, whatever it is', `form ${Buffer.from(`x=${JWT}`).toString('base64')}`, 'form [removed]'],
  ['a path', '/realms/shop/protocol/openid-connect/token', '/realms/shop/protocol/openid-connect/token'],
])('%s', (_what, text, expected) => {
  expect(quotePeer(text, SENT)).toBe(expected);
});

describe('length', () => {
  test('at most 256 characters', () => {
    expect(quotePeer('é'.repeat(10_000), SENT)).toBe('é'.repeat(256));
  });

  test('a token at the cut: not a part of it is left', () => {
    for (let before = 200; before <= 256; before += 1) {
      expect(quotePeer(`${'.'.repeat(before)} ${OPAQUE}`, SENT)).not.toMatch(/ory|dGhp/);
    }
  });

  test('1 MiB of text: read in less than a second', () => {
    const startedAt = performance.now();
    quotePeer('a'.repeat(1024 * 1024), SENT);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
