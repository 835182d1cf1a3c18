/** Whatever an upstream sends, judged by the URL parser of browsers (WHATWG), which the code under test does not use. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Rewriting as Edits, RespondingEndpoint } from '../../../../src/upstream/rewriting/place.ts';
import { rewriteFields } from '../../../../src/upstream/rewriting/rewriting.ts';

const RUNS = { numRuns: 4_000 };

interface Rewriting extends Edits {
  readonly endpoint: RespondingEndpoint;
}

interface World {
  readonly rewriting: Rewriting;
  /** The URL of the request as the upstream has it, and as the client has it. */
  readonly upstream: URL;
  readonly gateway: URL;
  /** Origins that are the upstream's. */
  readonly names: readonly string[];
}

const world = fc
  .record({
    scheme: fc.constantFrom('http', 'https'),
    host: fc.constantFrom('billing', 'billing:8080', '127.0.0.1:9', '[::1]:9'),
    basePath: fc.constantFrom('', '/api', '/api/v1', '/app', '/app/v1'),
    prefix: fc.constantFrom('/', '/app', '/api', '/a/b'),
    stripPrefix: fc.boolean(),
    preserveHost: fc.boolean(),
    protocol: fc.constantFrom('http', 'https', 'ws', 'wss'),
    authority: fc.constantFrom('gw.example', 'gw.example:8443', 'billing'),
    front: fc.constantFrom(undefined, '/front', '/app', '/f, /g'),
  })
  .map(({ scheme, host, basePath, prefix, stripPrefix, preserveHost, protocol, authority, front }): World => {
    const origin = `${scheme}://${host}`;
    const gatewayScheme = protocol === 'https' || protocol === 'wss' ? 'https' : 'http';
    const gatewayOrigin = `${gatewayScheme}://${authority}`;
    return {
      rewriting: {
        route: { prefix, stripPrefix },
        endpoint: { origin, basePath },
        hostSent: preserveHost ? authority : undefined,
        client: { authority, protocol, prefix: front },
      },
      upstream: new URL(`${origin}${basePath}/dir/page`),
      gateway: new URL(`${gatewayOrigin}${prefix === '/' ? '' : prefix}/dir/page`),
      names: [origin, ...(preserveHost ? [`${scheme}://${authority}`, gatewayOrigin] : [])].map(
        name => new URL(name).origin,
      ),
    };
  });

/** Pieces of which references are made, and what confuses their readers. */
const piece = fc.oneof(
  fc.constantFrom(
    ...['http:', 'https:', 'HTTP:', 'ws:', 'javascript:', '//', '/', '\\', '@', ':', ':80', ':443', ':8080', '?', '#'],
    ...[
      'billing',
      'BILLING',
      'billing:8080',
      'gw.example',
      'gw.example:8443',
      'evil.example',
      '127.0.0.1:9',
      '[::1]:9',
    ],
    ...[
      '/api',
      '/api/v1',
      '/app',
      '/app/v1',
      '/a/b',
      '/front',
      '/%61pi',
      '/apix',
      '.',
      '..',
      '/..',
      '/.',
      '%2e',
      '%2F',
    ],
    ...['x', ' ', '\t', '\x00', '\xe9', '%', ';', '=', 'user:pw@', '%5c', '%00', '%09'],
  ),
  fc.string({ maxLength: 3, unit: 'binary-ascii' }),
);
const noise = fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join(''));
/** A reference that means to name the upstream. `UP` is its origin, `BASE` its base path. */
const likely = fc
  .tuple(
    fc.constantFrom('', '', 'UP', 'UP', '//billing:8080', 'https://billing:8080', '//[::1]:9'),
    fc.constantFrom('BASE', 'BASE', 'BASE/', 'BASE/x', 'BASE//evil.example', '/app', '/app/v1', '/a/b', '/front/app'),
    noise,
  )
  .map(parts => parts.join(''));
const reference = fc.oneof(noise, { weight: 4, arbitrary: likely });
/** Behind such a segment the parser of Node.js 20 (ada 2.9) leaves dot segments: `/.a/..` at the end of a path. */
const MISREAD = /\/(?:\.|%2e)+[^./]/i;
const worldAndReference = fc
  .tuple(world, reference)
  .map(([at, text]): [World, string] => {
    const { origin, basePath } = at.rewriting.endpoint;
    return [at, text.replace(/UP/g, origin).replace(/BASE/g, basePath)];
  })
  .filter(([, sent]) => !MISREAD.test(sent));

function rewrite(field: string, value: string, rewriting: Rewriting): string {
  return rewriteFields([field, value], rewriting, rewriting.endpoint)[1] ?? '';
}

/** What forwarding makes of a path of the gateway. */
function forwardPath(path: string, { route, endpoint, client }: Rewriting): string | undefined {
  const front = (client.prefix ?? '').replace(/, /g, '');
  if (!`${path}/`.startsWith(`${front}/`)) return undefined;
  const arrived = path.slice(front.length) || '/';
  if (!route.stripPrefix || route.prefix === '/') return `${endpoint.basePath}${arrived}`;
  if (!`${arrived}/`.startsWith(`${route.prefix}/`)) return undefined;
  return `${endpoint.basePath}${arrived.slice(route.prefix.length)}` || '/';
}

const decode = (path: string | undefined) => path?.replace(/%61/g, 'a').replace(/\/$/, '');

describe('a rewritten Location', () => {
  test('anything: names the gateway, and only where it named the upstream', () => {
    let rewritten = 0;
    fc.assert(
      fc.property(worldAndReference, ([{ rewriting, upstream, gateway, names }, sent]) => {
        const result = rewrite('Location', sent, rewriting);
        if (result === sent) return;
        rewritten += 1;
        const meant = new URL(sent, upstream);
        const reached = new URL(result, gateway);
        const secure = (url: URL) => url.origin.replace(/^ws/, 'http');
        expect(names).toContain(secure(meant));
        expect(secure(reached)).toBe(gateway.origin);
        expect([meant.username, meant.password]).toEqual(['', '']);
        expect([reached.search, reached.hash]).toEqual([meant.search, meant.hash]);
      }),
      RUNS,
    );
    expect(rewritten).toBeGreaterThan(RUNS.numRuns / 10);
  });

  test('a path: the client’s request for it reaches what the upstream meant, or it had the prefix', () => {
    let reversed = 0;
    fc.assert(
      fc.property(worldAndReference, ([{ rewriting, upstream, gateway }, sent]) => {
        const result = rewrite('Location', sent, rewriting);
        if (result === sent) return;
        const meant = new URL(sent, upstream).pathname;
        const reached = new URL(result, gateway).pathname;
        const isReversed = decode(forwardPath(reached, rewriting)) === decode(meant);
        if (isReversed) reversed += 1;
        const front = (rewriting.client.prefix ?? '').replace(/, /g, '');
        expect(isReversed || reached === meant || reached === front + meant).toBe(true);
      }),
      RUNS,
    );
    expect(reversed).toBeGreaterThan(RUNS.numRuns / 40);
  });

  test('what another server is named by: left byte by byte', () => {
    fc.assert(
      fc.property(worldAndReference, ([{ rewriting, upstream, names }, sent]) => {
        if (!URL.canParse(sent, upstream.href)) return;
        const { origin, protocol } = new URL(sent, upstream);
        if (names.includes(origin) || protocol.startsWith('ws')) return;
        expect(rewrite('Location', sent, rewriting)).toBe(sent);
      }),
      RUNS,
    );
  });

  test('an ordinary URL of the upstream below its base path: always names the gateway', () => {
    const path = fc
      .array(fc.stringMatching(/^[a-z0-9_~-]{1,5}$/), { maxLength: 4 })
      .map(segments => segments.join('/'));
    const query = fc.constantFrom('', '?a=1', '?next=http://billing/', '#x', '?a#b');
    fc.assert(
      fc.property(world, path, query, ({ rewriting, upstream, gateway }, below, rest) => {
        const sent = `${upstream.origin}${rewriting.endpoint.basePath}/${below}${rest}`;
        expect(new URL(rewrite('Location', sent, rewriting)).origin).toBe(gateway.origin);
      }),
      RUNS,
    );
  });

  test('rewritten twice, as by two gateways of one kind: the second leaves it', () => {
    fc.assert(
      fc.property(worldAndReference, ([{ rewriting }, sent]) => {
        if (!rewriting.route.stripPrefix || rewriting.route.prefix === '/' || rewriting.endpoint.basePath !== '')
          return;
        const once = rewrite('Location', sent, rewriting);
        expect(rewrite('Location', once, rewriting)).toBe(once);
      }),
      RUNS,
    );
  });
});

describe('Refresh and Link', () => {
  test('the URL: rewritten as in Location; the rest is kept', () => {
    const url = reference.filter(text => !/["'<>]/.test(text) && !/^[\t ;,]|^url/i.test(text));
    fc.assert(
      fc.property(world, url, ({ rewriting }, sent) => {
        const expected = rewrite('Location', sent, rewriting);
        expect(rewrite('Link', `<${sent}>; rel="a, <b>", <#x>`, rewriting)).toBe(`<${expected}>; rel="a, <b>", <#x>`);
        expect(rewrite('Refresh', `3; url='${sent}'; x`, rewriting)).toBe(`3; url='${expected}'; x`);
        expect(rewrite('Refresh', `3, URL=${sent}`, rewriting)).toBe(`3, URL=${expected}`);
      }),
      RUNS,
    );
  });

  test('any Link: changed in nothing but what is between angle brackets', () => {
    const value = fc.array(fc.oneof(likely, fc.constantFrom('<', '</x>', '>', '"', '\\', ',', ';rel=x')), {
      maxLength: 9,
    });
    const withoutUrls = (text: string) => text.replace(/<[^<>]*>/g, '<>');
    fc.assert(
      fc.property(world, value, ({ rewriting }, pieces) => {
        const sent = pieces.join('');
        expect(withoutUrls(rewrite('Link', sent, rewriting))).toBe(withoutUrls(sent));
      }),
      RUNS,
    );
  });
});

/** RFC 6265 section 5.2: name and value, and the attributes in order. */
function readCookie(field: string) {
  const [pair = '', ...attributes] = field.split(';');
  const trim = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, '');
  const parsed = attributes.map(text => {
    const sign = text.indexOf('=');
    const name = trim(sign === -1 ? text : text.slice(0, sign)).toLowerCase();
    return { name, value: sign === -1 ? '' : trim(text.slice(sign + 1)) };
  });
  const last = (name: string) => parsed.findLast(attribute => attribute.name === name)?.value ?? '';
  const others = parsed.filter(({ name }) => name !== 'path' && name !== 'domain');
  return { pair, others, path: last('path'), domain: last('domain').replace(/^\./, '').toLowerCase() };
}

describe('a rewritten cookie', () => {
  const attribute = fc.oneof(
    fc.constantFrom(
      'Path=/',
      'path=/api',
      'Path=/app/x',
      ' PATH = /api/v1 ',
      'Path="/"',
      'Path',
      'Path=/\\x',
      'Path=/../x',
    ),
    fc.constantFrom(
      'Domain=billing',
      'domain=.BILLING',
      'Domain=gw.example',
      'Domain=evil.example',
      'Domain=',
      'Domain',
    ),
    fc.constantFrom('Secure', 'HttpOnly', 'SameSite=Lax', 'Max-Age=1', 'Expires=Wed, 09 Jun 2027 10:18:14 GMT', ''),
    noise.map(text => text.replace(/;/g, '')),
  );
  const cookie = fc
    .tuple(fc.constantFrom('a=1', '__Host-a=1', ' __host-a=1', '__Secure-a=1', 'a="x', 'a', ''), fc.array(attribute))
    .map(([pair, attributes]) => [pair, ...attributes].join(';'));

  test('name, value and other attributes: kept; Domain: as it was, or the gateway’s host; Path: one of the gateway', () => {
    let rewritten = 0;
    fc.assert(
      fc.property(world, cookie, ({ rewriting, upstream, gateway }, sent) => {
        const result = rewrite('Set-Cookie', sent, rewriting);
        if (result === sent) return;
        rewritten += 1;
        const [before, after] = [readCookie(sent), readCookie(result)];
        expect(before.pair.trim().toLowerCase().startsWith('__host-')).toBe(false);
        expect([after.pair, after.others]).toEqual([before.pair, before.others]);
        const own = [upstream.hostname, ...(rewriting.hostSent === undefined ? [] : [gateway.hostname])];
        expect(after.domain).toBe(own.includes(before.domain) ? '' : before.domain);
        if (after.path === before.path) return;
        const meant = decode(before.path);
        expect([
          decode(forwardPath(after.path, rewriting)),
          decode(after.path.replace(/^\/(?:front|app|f\/g)/, '')),
        ]).toContain(meant);
      }),
      RUNS,
    );
    expect(rewritten).toBeGreaterThan(RUNS.numRuns / 10);
  });
});
