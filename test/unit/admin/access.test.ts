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
