/** An upstream of several servers: an application that runs on each of them often has the name of one configured. */

import { expect, test } from 'vitest';
import { rewriteFields } from '../../../../src/upstream/rewriting/rewriting.ts';

const FIRST = { origin: 'https://shop-1:8443', basePath: '' };
const SECOND = { origin: 'https://shop-2:8443', basePath: '/api' };
const THIRD = { origin: 'https://shop-2:8443', basePath: '/v2' };

/** What the second one responds. */
function rewrite(field: string, value: string): string | undefined {
  const rewriting = {
    route: { prefix: '/shop', stripPrefix: true },
    hostSent: undefined,
    client: { authority: 'www.example.com', protocol: 'https' },
    endpoints: [FIRST, SECOND, THIRD],
  };
  return rewriteFields([field, value], rewriting, SECOND)[1];
}

test.each([
  ['Location', 'https://shop-1:8443/cart?a=1', 'https://www.example.com/shop/cart?a=1'],
  ['Location', '//shop-1:8443/cart', '//www.example.com/shop/cart'],
  ['Location', 'https://shop-2:8443/api/cart', 'https://www.example.com/shop/cart'],
  ['Location', 'https://shop-2:8443/v2/cart', 'https://www.example.com/shop/cart'],
  ['Content-Location', 'https://shop-1:8443/cart', 'https://www.example.com/shop/cart'],
  ['Refresh', '0; url=https://shop-1:8443/cart', '0; url=https://www.example.com/shop/cart'],
  ['Link', '<https://shop-1:8443/a.js>; rel=preload', '<https://www.example.com/shop/a.js>; rel=preload'],
  ['Set-Cookie', 'a=1; Domain=shop-1; Path=/api', 'a=1; Path=/shop'],
])('%s: %s names another server of the upstream: %s', (field, value, expected) => {
  expect(rewrite(field, value)).toBe(expected);
});

test.each([
  ['another port', 'https://shop-1:9443/cart'],
  ['another scheme', 'http://shop-1:8443/cart'],
  ['another host', 'https://shop-3:8443/cart'],
  ['a path outside the base path of that server', 'https://shop-2:8443/cart'],
  ['a path without a host, outside the base path of the one that responds', '/v2/cart'],
])('Location, %s: left as it is', (_what, value) => {
  expect(rewrite('Location', value)).toBe(value);
});
