/** The CORS protocol (Fetch section 3.3), as a table: which fields a response gets, and what a preflight is told. */

import { describe, expect, test } from 'vitest';
import type { Cors } from '../../../src/config/cors-config.ts';
import { createCorsFields, createPreflightReply, isPreflight } from '../../../src/cors/cors.ts';

const APP = 'https://app.example';

const BASE: Cors = {
  origins: new Set([APP, 'http://localhost:3000']),
  methods: ['GET', 'HEAD', 'POST'],
  headers: ['Authorization', 'Content-Type', 'X-Custom'],
  headerPrefix: undefined,
  expose: ['WWW-Authenticate', 'X-Request-Id'],
  credentials: false,
  maxAge: 600,
};

const pairs = (fields: readonly string[]) =>
  Object.fromEntries(fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1]]] : [])));

const READABLE = {
  Vary: 'Origin',
  'Access-Control-Allow-Origin': APP,
  'Access-Control-Expose-Headers': 'WWW-Authenticate, X-Request-Id',
};
const SILENT = { Vary: 'Origin' };

describe('the fields of every response', () => {
  test.each<[string, readonly string[], Partial<Cors>, Record<string, string>]>([
    ['a listed origin', ['Origin', APP], {}, READABLE],
    ['the name of the field in another case', ['ORIGIN', APP], {}, READABLE],
    ['no Origin', ['Host', 'a'], {}, SILENT],
    ['another origin', ['Origin', 'https://evil.example'], {}, SILENT],
    ['a listed origin in upper case', ['Origin', 'https://APP.example'], {}, SILENT],
    ['a listed origin with a slash', ['Origin', `${APP}/`], {}, SILENT],
    ['a listed origin with its default port', ['Origin', `${APP}:443`], {}, SILENT],
    ['a listed origin by http', ['Origin', 'http://app.example'], {}, SILENT],
    ['a listed origin as the end of another', ['Origin', 'https://evil-app.example'], {}, SILENT],
    ['a listed origin as the begin of another', ['Origin', `${APP}.evil.example`], {}, SILENT],
    ['a listed origin with a blank', ['Origin', ` ${APP}`], {}, SILENT],
    ['two origins in one field', ['Origin', `${APP} ${APP}`], {}, SILENT],
    ['two origins, separated by a comma', ['Origin', `${APP}, ${APP}`], {}, SILENT],
    ['two fields', ['Origin', APP, 'Origin', APP], {}, SILENT],
    ['null', ['Origin', 'null'], {}, SILENT],
    ['an empty one', ['Origin', ''], {}, SILENT],
    ['10 KB', ['Origin', `${APP}.${'a'.repeat(10_240)}`], {}, SILENT],
    [
      'credentials',
      ['Origin', APP],
      { credentials: true },
      { ...READABLE, 'Access-Control-Allow-Credentials': 'true' },
    ],
    ['credentials, another origin', ['Origin', 'https://evil.example'], { credentials: true }, SILENT],
    [
      'every origin: the origin is not repeated',
      ['Origin', 'https://other.example'],
      { origins: new Set(['*']) },
      { ...READABLE, 'Access-Control-Allow-Origin': '*' },
    ],
    [
      'every origin, null',
      ['Origin', 'null'],
      { origins: new Set(['*']) },
      { ...READABLE, 'Access-Control-Allow-Origin': '*' },
    ],
    ['every origin, no Origin', [], { origins: new Set(['*']) }, SILENT],
    ['every origin, two fields', ['Origin', APP, 'Origin', APP], { origins: new Set(['*']) }, SILENT],
  ])('%s', (_name, fields, settings, expected) => {
    expect(pairs(createCorsFields({ ...BASE, ...settings }, fields))).toEqual(expected);
  });
});

describe('a preflight', () => {
  const asks = (method: string) => ['Origin', APP, 'Access-Control-Request-Method', method];

  test.each<[string, string, readonly string[], boolean]>([
    ['OPTIONS with both fields', 'OPTIONS', asks('POST'), true],
    ['OPTIONS without a requested method', 'OPTIONS', ['Origin', APP], false],
    ['OPTIONS without an origin', 'OPTIONS', ['Access-Control-Request-Method', 'POST'], false],
    ['OPTIONS without either', 'OPTIONS', [], false],
    ['GET with both fields', 'GET', asks('POST'), false],
    ['options, which is another method', 'options', asks('POST'), false],
    ['two origins: still no request for the upstream', 'OPTIONS', [...asks('GET'), 'Origin', APP], true],
    ['an empty origin: still none', 'OPTIONS', ['Origin', '', 'Access-Control-Request-Method', ''], true],
  ])('%s: %s', (_name, method, fields, expected) => {
    expect(isPreflight(method, fields)).toBe(expected);
  });

  const reply = (fields: readonly string[], settings: Partial<Cors> = {}) =>
    createPreflightReply({ ...BASE, ...settings }, fields);

  test('of a listed origin: 204 with what its pages may send', () => {
    const { status, headers, body } = reply(asks('POST'));
    expect([status, body]).toEqual([204, '']);
    expect(pairs(headers)).toEqual({
      'Access-Control-Allow-Methods': 'GET, HEAD, POST',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Custom',
      'Access-Control-Max-Age': '600',
    });
  });

  test('for a method that is not allowed: the same, the browser compares', () => {
    expect(reply(asks('DELETE'))).toEqual(reply(asks('POST')));
  });

  test.each([
    ['of another origin', ['Origin', 'https://evil.example', 'Access-Control-Request-Method', 'POST']],
    ['of two origins', [...asks('GET'), 'Origin', 'https://evil.example']],
    ['of an origin of 10 KB', ['Origin', 'x'.repeat(10_240), 'Access-Control-Request-Method', 'GET']],
  ])('%s: 204 without any field', (_name, fields) => {
    expect(reply(fields)).toEqual({ status: 204, headers: [], body: '' });
  });

  test.each([
    ['mcp-param-region', ', mcp-param-region'],
    ['authorization,mcp-param-a, Mcp-Param-B,x-other', ', mcp-param-a, mcp-param-b'],
    ['xmcp-param-a,mcp-param', ''],
    ['mcp-param-a b,mcp-param-\u00e9,mcp-param-;', ''],
    ['', ''],
    [',,,', ''],
  ])('where a prefix is allowed, for the fields %j: also %j', (requested, further) => {
    const fields = [...asks('POST'), 'Access-Control-Request-Headers', requested];
    const { headers } = reply(fields, { headerPrefix: 'mcp-param-' });
    const allowed = `Authorization, Content-Type, X-Custom${further}`;
    expect(pairs(headers)['Access-Control-Allow-Headers']).toBe(allowed);
    expect(pairs(reply(fields).headers)['Access-Control-Allow-Headers']).toBe('Authorization, Content-Type, X-Custom');
  });

  test.each([
    ['POST', 'GET, HEAD, POST, PUT, PATCH, DELETE'],
    ['PROPFIND', 'GET, HEAD, POST, PUT, PATCH, DELETE, PROPFIND'],
    ['patch', 'GET, HEAD, POST, PUT, PATCH, DELETE, patch'],
    ['A, B', 'GET, HEAD, POST, PUT, PATCH, DELETE'],
    ['X'.repeat(33), 'GET, HEAD, POST, PUT, PATCH, DELETE'],
    ['', 'GET, HEAD, POST, PUT, PATCH, DELETE'],
  ])('where every method is allowed, for %j: %s', (requested, methods) => {
    const { headers } = reply(asks(requested), { methods: ['*'] });
    expect(pairs(headers)['Access-Control-Allow-Methods']).toBe(methods);
  });
});
