import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { judgeAccess } from '../../../src/admin/access.ts';

const TOKEN = 'correct-horse:battery';
const admin = { host: 'gateway.internal', port: 9090 };
const open = { admin, adminTokenHash: undefined };
const closed = { admin, adminTokenHash: createHash('sha256').update(TOKEN).digest('hex') };
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

describe('with an admin token', () => {
  test.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, basic(`admin:${TOKEN}`), basic(`:${TOKEN}`)])(
    '%s opens',
    authorization => {
      expect(judgeAccess(closed, { authorization, host: 'any.example' })).toBe('granted');
    },
  );

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${TOKEN} `,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.toUpperCase()}`,
    TOKEN,
    `Digest ${TOKEN}`,
    basic(TOKEN.slice(0, 5)),
    basic(`${TOKEN}:`),
    basic(`admin:${TOKEN}x`),
    'Basic !!!',
  ])('%s does not', authorization => {
    const headers = authorization === undefined ? {} : { authorization };
    expect(judgeAccess(closed, { ...headers, host: '127.0.0.1' })).toBe('token_needed');
  });
});

const fetched = (site: string, mode = 'cors', dest = 'empty') => ({
  host: '127.0.0.1',
  'sec-fetch-site': site,
  'sec-fetch-mode': mode,
  'sec-fetch-dest': dest,
});

test.each([
  ['its own script', fetched('same-origin')],
  ['the address bar', fetched('none', 'navigate', 'document')],
  ['a link of another site', fetched('cross-site', 'navigate', 'document')],
  ['a link of another port', fetched('same-site', 'navigate', 'document')],
])('%s gets the page', (_, headers) => {
  expect(judgeAccess(open, headers)).toBe('granted');
});

test.each([
  ['fetched by another site', fetched('cross-site', 'no-cors')],
  ['fetched by another port', fetched('same-site')],
  ['as an image', fetched('cross-site', 'no-cors', 'image')],
  ['in a frame', fetched('cross-site', 'navigate', 'iframe')],
])('%s it is not rendered, with the token or without one', (_, headers) => {
  expect(judgeAccess(open, headers)).toBe('foreign_site');
  expect(judgeAccess(closed, { ...headers, authorization: `Bearer ${TOKEN}` })).toBe('foreign_site');
});

describe('without one', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.1:9090',
    '10.1.2.3:80',
    '[::1]',
    '[::1]:9090',
    'localhost',
    'LocalHost:1',
    'gateway.internal:9090',
  ])('the page is shown at %s', host => {
    expect(judgeAccess(open, { host })).toBe('granted');
  });

  test.each([
    undefined,
    '',
    ':9090',
    'rebound.example',
    'rebound.example:9090',
    'localhost.example',
    '127.0.0.1.example',
    '127.0.0.1:80:80',
    '[127.0.0.1]',
    '[rebound.example]',
    'localhost@rebound.example',
    'x,localhost',
  ])('a name that somebody pointed here is refused: %s', host => {
    expect(judgeAccess(open, host === undefined ? {} : { host })).toBe('foreign_host');
  });
});
