import { describe, expect, test } from 'vitest';
import { type Form, findForm, readOriginalRequest } from '../../../src/authorizer/original-request.ts';
import { valuesOf } from '../../../src/http/header-list.ts';
import type { RequestHead } from '../../../src/http/message.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

function question(target: string, pairs: Pairs, more: Partial<RequestHead> = {}): RequestHead {
  const fields = pairs.flat();
  return {
    method: 'GET',
    target,
    version: '1.1',
    fields,
    body: 'none',
    expects: 'nothing',
    protocol: undefined,
    ...more,
  };
}

const HOST = ['Host', 'audgate'] as const;
const FORWARDED: Pairs = [
  HOST,
  ['X-Forwarded-Method', 'PUT'],
  ['X-Forwarded-Uri', '/a?q'],
  ['X-Forwarded-Host', 'front.example'],
];
const BY_URI: Pairs = [
  HOST,
  ['X-Original-Method', 'PUT'],
  ['X-Original-URI', '/a?q'],
  ['X-Original-Host', 'front.example'],
];
const BY_URL: Pairs = [HOST, ['X-Original-Method', 'PUT'], ['X-Original-URL', 'https://front.example/a?q']];

/** Method, target and Host of what was asked about; `undefined` for malformed_request. */
function read(form: Form, target: string, pairs: Pairs, more: Partial<RequestHead> = {}) {
  const original = readOriginalRequest(form, question(target, pairs, more));
  if (!original.ok) return undefined;
  return [original.head.method, original.head.target, ...valuesOf(original.head.fields, 'host')];
}

const without = (pairs: Pairs, name: string): Pairs => pairs.filter(([each]) => each !== name);
const withValue = (pairs: Pairs, name: string, value: string): Pairs =>
  pairs.map(pair => (pair[0] === name ? ([name, value] as const) : pair));

describe('the form of a target, by its bytes', () => {
  test.each<[string, Form | undefined]>([
    ['/envoy', 'envoy'],
    ['/envoy/', 'envoy'],
    ['/envoy/../x', 'envoy'],
    ['/envoy?x', 'envoy'],
    ['/envoyage', undefined],
    ['/envoy*', undefined],
    ['/Envoy/a', undefined],
    ['/%65nvoy/a', undefined],
    ['/./envoy/a', undefined],
    ['http://audgate/envoy/a', undefined],
    ['/forwarded', 'forwarded'],
    ['/forwarded?x=/envoy', 'forwarded'],
    ['/forwarded/', undefined],
    ['/forwarded/../original', undefined],
    ['/original', 'original'],
    ['/original?', 'original'],
    ['/originals', undefined],
    ['/', undefined],
    ['*', undefined],
  ])('%j: %s', (target, form) => {
    expect(findForm(target)).toBe(form);
  });
});

describe('whole questions: method, target and Host of the original', () => {
  test.each<[string, Form, string, Pairs, Partial<RequestHead>, readonly string[]]>([
    [
      'envoy',
      'envoy',
      '/envoy/a?q',
      [['Host', 'front.example:8443']],
      { method: 'PUT' },
      ['PUT', '/a?q', 'front.example:8443'],
    ],
    ['envoy, dot segments as they are', 'envoy', '/envoy/../x', [['Host', 'h']], {}, ['GET', '/../x', 'h']],
    ['forwarded', 'forwarded', '/forwarded', FORWARDED, {}, ['PUT', '/a?q', 'front.example']],
    [
      'forwarded, its own method and query ignored',
      'forwarded',
      '/forwarded?a=b',
      FORWARDED,
      { method: 'POST' },
      ['PUT', '/a?q', 'front.example'],
    ],
    ['original by URI', 'original', '/original', BY_URI, {}, ['PUT', '/a?q', 'front.example']],
    ['original by URL', 'original', '/original', BY_URL, {}, ['PUT', '/a?q', 'front.example']],
    [
      'original by URL, the others say the same',
      'original',
      '/original',
      [...BY_URL, ...BY_URI.slice(2)],
      {},
      ['PUT', '/a?q', 'front.example'],
    ],
    [
      'HTTP/1.0 without a Host of its own',
      'original',
      '/original',
      BY_URL.slice(1),
      { version: '1.0' },
      ['PUT', '/a?q', 'front.example'],
    ],
    [
      'OPTIONS *',
      'forwarded',
      '/forwarded',
      withValue(withValue(FORWARDED, 'X-Forwarded-Method', 'OPTIONS'), 'X-Forwarded-Uri', '*'),
      {},
      ['OPTIONS', '*', 'front.example'],
    ],
  ])('%s', (_, form, target, pairs, more, expected) => {
    expect(read(form, target, pairs, more)).toEqual(expected);
  });
});

const ROWS: readonly (readonly [Form, string, Pairs, readonly string[]])[] = [
  ['envoy', '/envoy/a', [['Host', 'front.example']], ['Host']],
  ['forwarded', '/forwarded', FORWARDED, ['X-Forwarded-Method', 'X-Forwarded-Uri', 'X-Forwarded-Host']],
  ['original', '/original', BY_URI, ['X-Original-Method', 'X-Original-URI', 'X-Original-Host']],
  ['original', '/original', BY_URL, ['X-Original-Method', 'X-Original-URL']],
];
const FIELDS = ROWS.flatMap(([form, target, pairs, names]) => names.map(name => [form, name, target, pairs] as const));

describe.each(FIELDS)('/%s, %s', (form, name, target, pairs) => {
  test('missing: malformed', () => {
    expect(read(form, target, without(pairs, name))).toBeUndefined();
  });

  test('missing in HTTP/1.0: malformed', () => {
    expect(read(form, target, without(pairs, name), { version: '1.0' })).toBeUndefined();
  });

  test('empty: malformed', () => {
    expect(read(form, target, withValue(pairs, name, ''))).toBeUndefined();
  });

  test('twice, also with the same value or in other letters: malformed', () => {
    const [, value = ''] = pairs.find(([each]) => each === name) ?? [];
    expect(read(form, target, [...pairs, [name.toUpperCase(), value]])).toBeUndefined();
    expect(read(form, target, [[name, 'other'], ...pairs])).toBeUndefined();
  });
});

describe('values that are none', () => {
  test.each(['', 'G T', 'GET, POST', 'GET,POST', 'GÉT', 'CONNECT', 'GET/', 'get', 'FOO'])(
    'method %j: malformed',
    method => {
      expect(read('forwarded', '/forwarded', withValue(FORWARDED, 'X-Forwarded-Method', method))).toBeUndefined();
      expect(read('original', '/original', withValue(BY_URI, 'X-Original-Method', method))).toBeUndefined();
    },
  );

  test.each(
    [
      'http://front.example/a',
      'https://evil.example/',
      '//',
      'a',
      '*',
      '?q',
      '/a b',
      '/a\tb',
      '/caf\xe9',
      '/a, /b',
      '\0',
    ].filter(uri => uri !== '//'),
  )('path %j: malformed', uri => {
    expect(read('forwarded', '/forwarded', withValue(FORWARDED, 'X-Forwarded-Uri', uri))).toBeUndefined();
    expect(read('original', '/original', withValue(BY_URI, 'X-Original-URI', uri))).toBeUndefined();
  });

  test.each([
    '/a',
    '//front.example/a',
    'front.example/a',
    'https://front.example',
    'https://front.example?q',
    'https:///a',
    'https://front.example:/a',
    'https://front.examplehttp://evil.example/a',
    'ftp://front.example/a',
    'https://front.example/a b',
  ])('X-Original-URL %j: malformed', url => {
    expect(read('original', '/original', withValue(BY_URL, 'X-Original-URL', url))).toBeUndefined();
  });

  test.each([
    ['X-Original-URI', '/b?q'],
    ['X-Original-URI', '/a'],
    ['X-Original-Host', 'other.example'],
    ['X-Original-URI', ''],
    ['X-Original-Host', ''],
  ] as const)('X-Original-URL beside %s: %j: malformed', (name, value) => {
    expect(read('original', '/original', [...BY_URL, [name, value]])).toBeUndefined();
  });

  test('the question has no Host, or two: malformed', () => {
    expect(read('forwarded', '/forwarded', FORWARDED.slice(1))).toBeUndefined();
    expect(read('forwarded', '/forwarded', [HOST, ...FORWARDED])).toBeUndefined();
  });

  test('a path in front of which nothing stands: malformed', () => {
    expect(read('envoy', '/envoy', [['Host', 'h']])).toBeUndefined();
    expect(read('envoy', '/envoy?q', [['Host', 'h']])).toBeUndefined();
  });

  test('names that a server may take for those of the row: not read', () => {
    const pairs = FORWARDED.map(([name, value]) => [name.replaceAll('-', '_'), value] as const);
    expect(read('forwarded', '/forwarded', [HOST, ...pairs])).toBeUndefined();
  });
});

describe('the body of a question', () => {
  const bodyOf = (form: Form, target: string, pairs: Pairs, more: Partial<RequestHead> = {}) => {
    const original = readOriginalRequest(form, question(target, pairs, more));
    return original.ok ? [original.head.body, original.hasWholeBody] : undefined;
  };
  const ENVOY: Pairs = [['Host', 'h']];

  test('on /envoy and /forwarded: that of the client', () => {
    expect(bodyOf('envoy', '/envoy/a', ENVOY, { body: 7 })).toEqual([7, true]);
    expect(bodyOf('envoy', '/envoy/a', ENVOY, { body: 'unknown' })).toEqual(['unknown', true]);
    expect(bodyOf('forwarded', '/forwarded', FORWARDED, { body: 7 })).toEqual([7, true]);
  });

  test('on /original: none of the client', () => {
    expect(bodyOf('original', '/original', BY_URI, { body: 7 })).toEqual(['none', false]);
  });

  test('none: it may have been kept', () => {
    expect(bodyOf('envoy', '/envoy/a', ENVOY, { body: 0 })).toEqual([0, false]);
    expect(bodyOf('forwarded', '/forwarded', FORWARDED)).toEqual(['none', false]);
  });

  test.each([
    ['true', false],
    ['True', false],
    ['', false],
    ['false', true],
  ])('x-envoy-auth-partial-body %j on /envoy: whole %s', (said, isWhole) => {
    expect(bodyOf('envoy', '/envoy/a', [...ENVOY, ['X-Envoy-Auth-Partial-Body', said]], { body: 7 })?.[1]).toBe(
      isWhole,
    );
  });

  test('x-envoy-auth-partial-body on /forwarded: a field like any other', () => {
    const pairs: Pairs = [...FORWARDED, ['x-envoy-auth-partial-body', 'true']];
    expect(bodyOf('forwarded', '/forwarded', pairs, { body: 7 })).toEqual([7, true]);
  });
});

test('what only concerns the connection of the question: not of the original', () => {
  const fields: Pairs = [
    ...FORWARDED,
    ['Expect', 'what'],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade, Authorization'],
  ];
  const original = readOriginalRequest(
    'forwarded',
    question('/forwarded', fields, { expects: 'unknown', protocol: 'websocket' }),
  );
  expect(original).toMatchObject({ head: { expects: 'nothing', protocol: undefined, version: '1.1' } });
});
