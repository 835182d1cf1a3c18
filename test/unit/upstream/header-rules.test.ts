/** `request_headers`, `response_headers` and X-Forwarded-Prefix, on the fields of one message. */

import { describe, expect, test } from 'vitest';
import type { HeaderRules, Route } from '../../../src/config/config.ts';
import type { ClientInfo } from '../../../src/upstream/client-info/client-info.ts';
import { createHeaderPolicy, createRequestHeaders } from '../../../src/upstream/request-headers.ts';
import { createHints, createResponseHeaders, createResponseRules } from '../../../src/upstream/response-headers.ts';
import { protectedRoute, publicRoute } from '../route/example-route.ts';

const CLIENT: ClientInfo = { chain: ['192.0.2.7'], authority: 'api.example', protocol: 'http' };

function rules(set: Readonly<Record<string, string>>, remove: readonly string[] = []): HeaderRules {
  return { set: new Map(Object.entries(set)), remove: new Set(remove) };
}

/** Without what stands in every request. */
function forward(route: Route, received: readonly string[], client = CLIENT): string[] {
  const fields = createRequestHeaders(createHeaderPolicy(route), received, client, 'id', undefined);
  const pairs = fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1] ?? '']] : []));
  return pairs.flatMap(pair =>
    /^(?:X-Forwarded-(?:For|Host|Proto)|Forwarded|X-Request-Id)$/.test(pair[0] ?? '') ? [] : pair,
  );
}

describe('request_headers', () => {
  const route = protectedRoute({ prefix: '/a', requestHeaders: rules({ 'X-Api-Key': 'k' }, ['X-Debug']) });

  test('set: once, before the fields of the client, whose own are gone in every spelling that servers take for it', () => {
    const forged = ['x-api-key', 'X_Api_Key', 'X.API.KEY', 'x~api-key'].flatMap(name => [name, 'forged']);
    expect(forward(route, ['Accept', '*/*', ...forged, 'X-Api-Keys', '1'])).toEqual([
      ...['X-Api-Key', 'k', 'Accept', '*/*', 'X-Api-Keys', '1'],
    ]);
  });

  test('remove: gone, in every spelling', () => {
    expect(forward(route, ['X-Debug', '1', 'x_debug', '1', 'Kept', '1'])).toEqual(['X-Api-Key', 'k', 'Kept', '1']);
  });

  test('a name that Connection lists: set all the same', () => {
    expect(forward(route, ['Connection', 'close, x-api-key', 'X-Api-Key', 'forged'])).toEqual(['X-Api-Key', 'k']);
  });

  test('Authorization: set in place of the client’s, on protected and public routes', () => {
    const requestHeaders = rules({ authorization: 'Basic abc' });
    for (const each of [
      protectedRoute({ prefix: '/a', requestHeaders }),
      publicRoute({ prefix: '/a', requestHeaders }),
    ]) {
      expect(forward(each, ['Authorization', 'Bearer t', 'AUTHORIZATION', 'x'])).toEqual([
        'authorization',
        'Basic abc',
      ]);
    }
  });

  test('another route: its clients may send the field', () => {
    expect(forward(protectedRoute({ prefix: '/b' }), ['X-Api-Key', 'mine'])).toEqual(['X-Api-Key', 'mine']);
  });
});

describe('X-Forwarded-Prefix', () => {
  const stripped = protectedRoute({ prefix: '/app', stripPrefix: true });
  const prefixOf = (route: Route, prefix?: string) =>
    forward(route, ['X-Forwarded-Prefix', '/forged'], { ...CLIENT, prefix, isFromTrustedProxy: prefix !== undefined });

  test.each([
    ['strip_prefix', stripped, undefined, ['X-Forwarded-Prefix', '/app']],
    ['strip_prefix behind a trusted proxy', stripped, '/front', ['X-Forwarded-Prefix', '/front/app']],
    ['strip_prefix behind one with a trailing slash', stripped, '/front/', ['X-Forwarded-Prefix', '/front/app']],
    ['strip_prefix behind two', stripped, '/one, /two', ['X-Forwarded-Prefix', '/one/two/app']],
    ['strip_prefix at the root', protectedRoute({ prefix: '/', stripPrefix: true }), undefined, []],
    ['no strip_prefix', protectedRoute({ prefix: '/app' }), undefined, []],
    [
      'no strip_prefix behind a trusted proxy',
      protectedRoute({ prefix: '/app' }),
      '/front',
      ['X-Forwarded-Prefix', '/front'],
    ],
  ])('%s', (_case, route, prefix, expected) => {
    expect(prefixOf(route, prefix)).toEqual(expected);
  });
});

describe('response_headers', () => {
  const responseHeaders = rules({ 'Cache-Control': 'no-store', Link: '</mine>' }, ['Server']);
  const route = protectedRoute({ prefix: '/app', stripPrefix: true, responseHeaders });
  const edits = { rules: createResponseRules(route), rewriting: { route, hostSent: undefined, client: CLIENT } };
  const endpoint = { origin: 'http://billing', basePath: '' };

  test('set in place of the upstream’s, removed, in any letter case; what is set is not rewritten', () => {
    const received = [
      'cache-control',
      'max-age=1',
      'Cache-Control',
      'public',
      'SERVER',
      'x',
      'link',
      '</theirs>',
      'A',
      '1',
    ];
    expect(createResponseHeaders(received, ['X-Request-Id', 'id'], edits, endpoint)).toEqual([
      ...['X-Request-Id', 'id', 'A', '1', 'Cache-Control', 'no-store', 'Link', '</mine>'],
    ]);
  });

  test('a field of ours: stays, and Vary is joined', () => {
    const both = {
      rules: createResponseRules({ responseHeaders: rules({ vary: 'Accept', Ours: 'x' }), cors: undefined }),
    };
    const fields = createResponseHeaders(['Vary', '*'], ['Vary', 'Origin', 'ours', '1'], {
      ...both,
      rewriting: undefined,
    });
    expect(fields).toEqual(['Vary', 'Origin, Accept', 'ours', '1']);
  });

  test('Early Hints: without a Link that is named, else rewritten', () => {
    expect(createHints(['Link', '</x>'], edits, endpoint)).toEqual([]);
    const plain = { ...edits, rules: createResponseRules(protectedRoute({ prefix: '/app' })) };
    expect(createHints(['link', '</x>', 'Other', '/'], plain, endpoint)).toEqual(['Link', '</app/x>']);
  });
});
