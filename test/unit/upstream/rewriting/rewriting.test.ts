import { describe, expect, test } from 'vitest';
import type { Rewriting as Edits, RespondingEndpoint } from '../../../../src/upstream/rewriting/place.ts';
import { rewriteFields } from '../../../../src/upstream/rewriting/rewriting.ts';
import { listRows, WORLDS, type WorldName } from '../../../support/redirects/rows.ts';

interface Rewriting extends Edits {
  readonly endpoint: RespondingEndpoint;
}

const UPSTREAM = 'billing.internal:8080';

function rewritingOf(world: WorldName, client: Partial<Rewriting['client']> = {}): Rewriting {
  const { prefix, strip, basePath, preserveHost } = WORLDS[world];
  const authority = `${world}.example`;
  return {
    route: { prefix: prefix || '/', stripPrefix: strip },
    endpoint: { origin: `http://${UPSTREAM}`, basePath },
    hostSent: preserveHost ? authority : undefined,
    client: { authority, protocol: 'http', ...client },
  };
}

/** The value of one field. */
function rewrite(field: string, value: string, rewriting: Rewriting): string | undefined {
  return rewriteFields([field, value], rewriting, rewriting.endpoint)[1];
}

describe('the table of redirects and cookies', () => {
  test.each(listRows(UPSTREAM))('$world, $field: $sent → $expected', ({ world, field, sent, expected }) => {
    expect(rewrite(field, sent, rewritingOf(world))).toBe(expected);
  });
});

describe('the gateway as the client knows it', () => {
  const rewriteAs = (value: string, client: Partial<Rewriting['client']>, world: WorldName = 'root') =>
    rewrite('Location', value, rewritingOf(world, client));

  test('https, by X-Forwarded-Proto or TLS: the scheme of the result', () => {
    expect(rewriteAs(`http://${UPSTREAM}/x`, { protocol: 'https' })).toBe('https://root.example/app/x');
    expect(rewriteAs(`//${UPSTREAM}/x`, { protocol: 'https' })).toBe('//root.example/app/x');
  });

  test.each([
    ['ws', `ws://${UPSTREAM}/x`, 'ws://root.example/app/x'],
    ['wss', `ws://${UPSTREAM}/x`, 'wss://root.example/app/x'],
    ['wss', `http://${UPSTREAM}/x`, 'https://root.example/app/x'],
    ['wss', `wss://${UPSTREAM}/x`, `wss://${UPSTREAM}/x`],
  ])('a handshake over %s that is redirected to %s: %s', (protocol, sent, expected) => {
    expect(rewriteAs(sent, { protocol })).toBe(expected);
  });

  test('a port: as in the Host of the client', () => {
    expect(rewriteAs(`http://${UPSTREAM}/x`, { authority: 'gw.example:8443' })).toBe('http://gw.example:8443/app/x');
  });

  test('no Host, of HTTP/1.0: the path alone, and none that would be read as a host', () => {
    expect(rewriteAs(`http://${UPSTREAM}/x?y`, { authority: undefined })).toBe('/app/x?y');
    const sent = `http://${UPSTREAM}//evil.example`;
    expect(rewriteAs(sent, { authority: undefined }, 'plain')).toBe(sent);
  });

  test.each([
    ['/x', '/front/app/x'],
    ['/app/x', '/front/app/x'],
    ['/front/app/x', '/front/app/x'],
    [`http://${UPSTREAM}/x`, 'http://root.example/front/app/x'],
    [`http://${UPSTREAM}/front/app/x`, 'http://root.example/front/app/x'],
    ['https://elsewhere.example/x', 'https://elsewhere.example/x'],
  ])('X-Forwarded-Prefix of a trusted proxy: %s → %s', (sent, expected) => {
    for (const prefix of ['/front', '/front/']) expect(rewriteAs(sent, { prefix })).toBe(expected);
  });

  test('X-Forwarded-Prefix, a list or on a route without strip_prefix: put before the path', () => {
    expect(rewriteAs('/x', { prefix: '/a, /b' })).toBe('/a/b/app/x');
    expect(rewriteAs('/x', { prefix: '/front' }, 'plain')).toBe('/front/x');
    expect(rewriteAs('/front/x', { prefix: '/front' }, 'plain')).toBe('/front/x');
    expect(rewriteAs('/x', { prefix: '/' }, 'plain')).toBe('/x');
  });

  test('X-Forwarded-Prefix: also for cookies', () => {
    const rewriting = rewritingOf('root', { prefix: '/front' });
    expect(rewrite('Set-Cookie', 'a=1; Path=/', rewriting)).toBe('a=1; Path=/front/app');
    expect(rewrite('Set-Cookie', 'a=1; Path=/', rewritingOf('plain', { prefix: '/front' }))).toBe('a=1; Path=/front');
  });

  test('preserve_host, https on either side: the Host that was sent, with the scheme of the upstream or of the client', () => {
    const toHttps: Rewriting = {
      ...rewritingOf('preserved', { protocol: 'https' }),
      endpoint: { origin: 'http://billing', basePath: '' },
    };
    expect(rewrite('Location', 'http://preserved.example/x', toHttps)).toBe('https://preserved.example/app/x');
    expect(rewrite('Location', 'https://preserved.example/x', toHttps)).toBe('https://preserved.example/app/x');
    const fromHttps: Rewriting = {
      ...rewritingOf('preserved'),
      endpoint: { origin: 'https://billing', basePath: '' },
    };
    expect(rewrite('Location', 'https://preserved.example/x', fromHttps)).toBe('http://preserved.example/app/x');
    expect(rewrite('Location', 'https://billing:443/x', fromHttps)).toBe('http://preserved.example/app/x');
  });

  test('preserve_host behind a trusted proxy that has another name: the name that the client knows', () => {
    const rewriting: Rewriting = { ...rewritingOf('preserved'), hostSent: 'inner.example' };
    expect(rewrite('Location', 'http://inner.example/x', rewriting)).toBe('http://preserved.example/app/x');
    expect(rewrite('Location', 'http://preserved.example/x', rewriting)).toBe('http://preserved.example/x');
  });
});

describe('a list of fields', () => {
  const rewriting = rewritingOf('root');

  test('two Locations: left whole, whatever their letter case', () => {
    const fields = ['Location', '/a', 'location', '/a', 'Set-Cookie', 'a=1; Path=/', 'Link', '</x>'];
    expect(rewriteFields(fields, rewriting, rewriting.endpoint)).toBe(fields);
  });

  test('several cookies and Links: each for itself, in order and spelling', () => {
    const fields = ['set-cookie', 'a=1; Path=/', 'X', '/', 'SET-COOKIE', '__Host-b=2; Path=/', 'Link', '</x>'];
    const expected = ['set-cookie', 'a=1; Path=/app', 'X', '/', 'SET-COOKIE', '__Host-b=2; Path=/', 'Link', '</app/x>'];
    expect(rewriteFields(fields, rewriting, rewriting.endpoint)).toEqual(expected);
  });

  test('nothing to rewrite: the very same list', () => {
    const fields = ['Date', 'x', 'Locations', '/x', 'Location', 'https://elsewhere.example/', 'Etag', '/'];
    expect(rewriteFields(fields, rewriting, rewriting.endpoint)).toBe(fields);
  });

  test('values of the largest size: no more than linear time', () => {
    const size = 1024 * 1024;
    const values = [
      ...['Location', 'Refresh', 'Link', 'Set-Cookie'].flatMap(field =>
        [' ', '\t', '/', '"', '<', '0', '.', ',', ';', '=', '/../', 'a=1;Path= '].map(unit => [field, unit] as const),
      ),
      ['Refresh', '0;url='] as const,
      ['Link', '<>;a="'] as const,
    ];
    const start = performance.now();
    for (const [field, unit] of values) {
      rewrite(field, `${unit.repeat(size / unit.length)}x`, rewriting);
      rewrite(field, `/${unit.repeat(size / unit.length)}x`, rewriting);
    }
    // About a second; what grows with the square of the length takes hours.
    expect(performance.now() - start).toBeLessThan(60_000);
  }, 120_000);
});
