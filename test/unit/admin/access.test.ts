import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { findAccessRefusal, hasAdminToken } from '../../../src/admin/access.ts';

const TOKEN = 'correct-horse:battery';
const HASH = createHash('sha256').update(TOKEN).digest('hex');
const NAMES = { admin: { host: 'gateway.internal', port: 9090 }, adminHosts: new Set(['audgate.monitoring.svc']) };
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

/** A request as node:http parses it: of several Host fields `headers` has the first one; fields of other names are joined. */
function check(...fields: readonly (readonly [name: string, value: string])[]) {
  const headers: Record<string, string> = {};
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined || key === 'host' ? (headers[key] ?? value) : `${headers[key]}, ${value}`;
  }
  return findAccessRefusal(NAMES, { headers, rawHeaders: fields.flat() });
}

describe('the admin token', () => {
  test.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, basic(`admin:${TOKEN}`), basic(`:${TOKEN}`)])(
    '%s: accepted',
    authorization => {
      expect(hasAdminToken(HASH, authorization)).toBe(true);
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
  ])('%s: refused', authorization => {
    expect(hasAdminToken(HASH, authorization)).toBe(false);
  });
});

describe('Host', () => {
  test.each([
    ['127.0.0.1'],
    ['127.0.0.1:9090'],
    ['10.1.2.3:80'],
    ['[::1]'],
    ['[::1]:9090'],
    ['[2001:DB8::1]:9090'],
    ['[::ffff:10.0.0.1]'],
    ['localhost'],
    ['LocalHost:1'],
    ['localhost.'],
    ['localhost:'],
    // Prometheus in config/compose.yaml, and a service of one's own namespace.
    ['gateway:9090'],
    ['GATEWAY:9090'],
    ['my_gateway'],
    ['gateway.internal:9090'],
    ['Gateway.Internal'],
    ['gateway.internal.'],
    ['audgate.monitoring.svc'],
    ['AUDGATE.monitoring.SVC.:9090'],
  ])('%s: served', host => {
    expect(check(['Host', host])).toBeUndefined();
  });

  test.each([
    [''],
    [':9090'],
    ['.'],
    ['..'],
    // A top-level domain, which is not a name of this host.
    ['gateway.'],
    ['localhost..'],
    ['rebound.example'],
    ['rebound.example:9090'],
    ['localhost.example'],
    ['127.0.0.1.example'],
    ['127.0.0.1.'],
    ['127.1'],
    ['127.0.0.1:80:80'],
    ['127.0.0.1:999999'],
    ['[127.0.0.1]'],
    ['[::1'],
    ['::1'],
    ['[rebound.example]'],
    ['localhost@rebound.example'],
    ['x,localhost'],
    ['gateway gateway'],
    ['gatéway'],
    ['gateway/'],
    ['x.audgate.monitoring.svc'],
    ['monitoring.svc'],
  ])('%s: refused (DNS rebinding)', host => {
    expect(check(['Host', host])).toBe('unknown_host');
  });

  test('no Host, as HTTP/1.0 allows: refused', () => {
    expect(check()).toBe('unknown_host');
  });

  test('two Hosts: refused, whichever comes first', () => {
    expect(check(['Host', 'localhost'], ['Host', 'rebound.example'])).toBe('unknown_host');
    expect(check(['host', 'localhost'], ['HOST', 'localhost'])).toBe('unknown_host');
  });
});

describe('Fetch Metadata and Origin', () => {
  const fetched = (site: string, mode = 'cors', dest = 'empty') =>
    check(['Host', '127.0.0.1'], ['Sec-Fetch-Site', site], ['Sec-Fetch-Mode', mode], ['Sec-Fetch-Dest', dest]);

  test.each([
    ['by the script of the page', 'same-origin', 'cors', 'empty'],
    ['by the address bar', 'none', 'navigate', 'document'],
    ['by a link of another site', 'cross-site', 'navigate', 'document'],
    ['by a link of another port', 'same-site', 'navigate', 'document'],
  ])('%s: served', (_, ...fields) => {
    expect(fetched(...fields)).toBeUndefined();
  });

  test.each([
    ['fetched by another site', 'cross-site', 'no-cors', 'empty'],
    ['fetched by another port', 'same-site', 'cors', 'empty'],
    ['as an image', 'cross-site', 'no-cors', 'image'],
    ['in a frame', 'cross-site', 'navigate', 'iframe'],
    ['with an unknown Sec-Fetch-Site', 'elsewhere', 'navigate', 'document'],
    ['with Sec-Fetch-Site in upper case', 'CROSS-SITE', 'navigate', 'document'],
    ['with two values of Sec-Fetch-Site', 'same-origin, cross-site', 'navigate', 'document'],
  ])('%s: refused', (_, ...fields) => {
    expect(fetched(...fields)).toBe('other_site');
  });

  test('Sec-Fetch-Site alone, or twice: refused', () => {
    expect(check(['Host', 'localhost'], ['Sec-Fetch-Site', 'cross-site'])).toBe('other_site');
    expect(check(['Host', 'localhost'], ['Sec-Fetch-Site', 'none'], ['Sec-Fetch-Site', 'cross-site'])).toBe(
      'other_site',
    );
  });

  test.each([
    ['http://localhost:9090', undefined],
    // TLS is terminated by a proxy in front.
    ['https://localhost:9090', undefined],
    ['http://LOCALHOST:9090', undefined],
    ['http://localhost', 'other_site'],
    ['http://localhost:3000', 'other_site'],
    ['http://127.0.0.1:9090', 'other_site'],
    ['https://evil.example', 'other_site'],
    ['null', 'other_site'],
    ['', 'other_site'],
    ['http://localhost:9090/', 'other_site'],
    ['http://localhost:9090, https://evil.example', 'other_site'],
  ])('with Origin %s: %s', (origin, expected) => {
    expect(check(['Host', 'localhost:9090'], ['Origin', origin])).toBe(expected);
  });
});
