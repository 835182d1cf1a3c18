/** Unusual, but what real clients send: every one must go through unchanged. */

import { chunked, message, type Payload, type PayloadClass, payload, single, sized } from '../payload.ts';

const PATHS = [
  '/',
  '/a/',
  '/a.b.c',
  '/...',
  '/a..b',
  '/..a',
  '/a:b@c',
  '/~user',
  '/a,b',
  '/a=b&c=d',
  "/it's(all)*fine*!$",
  '/a+b',
  '/%20',
  '/a%20b',
  '/%E4%BD%A0%E5%A5%BD',
  '/caf%C3%A9',
  '/%F0%9F%98%80',
  '/%7Bid%7D',
  '/%22quoted%22',
  '/%3Ca%3E',
  '/%5B1%5D',
  '/a%40b',
  '/a%2Cb',
  '/%5E%60%7C',
];

const QUERIES = [
  '?',
  '??',
  '?a=b&a=c',
  '?a=/../b',
  '?u=http://x/y',
  '?a=%2F%00%0A',
  '?a=%zz',
  '?a;b',
  "?'()*!",
  '?a[]=1',
  '?{"a":1}',
  '?a|b',
  '?a\\b',
  '?"',
  '?a=b=c==',
  '?//',
];

const FIELDS: readonly (readonly [string, string])[] = [
  ['X-Odd', 'a "quoted, value" ; x=\\"'],
  ['X-Odd', 'caf\xc3\xa9'],
  ['X-Odd', 'caf\xe9'],
  ['X-Odd', 'a\tb'],
  ['X-Odd', '0'],
  ['X-Odd', 'x'.repeat(3000)],
  ['x-ODD', 'mixed case'],
  ['Cookie', 'a=b; c="d e"'],
  ['Accept', 'text/html;q=0.9, */*;q=0.1'],
  ['Range', 'bytes=0-1,-5'],
  ['If-None-Match', 'W/"a", "b,c"'],
  ['User-Agent', 'odd/1.0 (a; b) {c} <d>'],
  ['Content-Type', "multipart/form-data; boundary='a b'"],
];

const BODIES: readonly Payload[] = [
  single('POST, sized', '/api/x', { method: 'POST', ...sized('hello') }),
  single('POST, length 0', '/api/x', { method: 'POST', ...sized('') }),
  single('POST, no length', '/api/x', { method: 'POST' }),
  single('POST, chunked', '/api/x', { method: 'POST', ...chunked('5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n', 'hello!') }),
  single('PUT, chunked, nothing in it', '/api/x', { method: 'PUT', ...chunked('0\r\n\r\n', '') }),
  single('PATCH, every byte', '/api/x', {
    method: 'PATCH',
    ...sized(String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))),
  }),
  single('PUT, looks like a request', '/api/x', {
    method: 'PUT',
    ...sized('GET /api/inner HTTP/1.1\r\nHost: x\r\n\r\n'),
  }),
  single('POST, 20 kB', '/api/x', { method: 'POST', ...sized('0123456789'.repeat(2000)) }),
  single('DELETE', '/api/x', { method: 'DELETE' }),
  single('OPTIONS', '/api/x', { method: 'OPTIONS' }),
  single('HEAD', '/api/x', { method: 'HEAD' }),
  single('Connection: close', '/api/x', { fields: ['Connection: close'] }),
  payload('three, pipelined', [message('/api/1'), message('/open/2'), message('/api/3')]),
  payload('POST, then GET, pipelined', [message('/api/1', { method: 'POST', ...sized('one') }), message('/api/2')]),
];

export const ordinary: PayloadClass = {
  name: 'ordinary but unusual',
  payloads: [
    ...PATHS.map(path => single(path, `/api${path}`)),
    ...QUERIES.map(query => single(query, `/api/x${query}`)),
    ...FIELDS.map(field =>
      single(field.join(': ').slice(0, 40), '/api/x', { fields: [field.join(': ')], keeps: [field] }),
    ),
    ...BODIES,
  ],
};
