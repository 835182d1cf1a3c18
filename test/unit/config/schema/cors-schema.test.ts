/** `cors` of a route: what is accepted, what is rejected, where, and in which words. */

import { describe, expect, test } from 'vitest';
import { buildCors } from '../../../../src/config/cors-config.ts';
import { parseWebOrigin } from '../../../../src/config/values/address/web-origin.ts';
import { listDiagnostics, load } from '../configuration.ts';

const file = (cors: string, route = '') => `issuers: { https://i.example: }
routes:
  /a: { resource: https://a.example/, upstream: https://u.example, cors: { ${cors} }, ${route} }
`;

const ORIGIN = 'origins: [https://app.example]';

describe('an origin', () => {
  test.each([
    'https://app.example',
    'https://app.example:8443',
    'http://localhost:3000',
    'http://127.0.0.1:5173',
    'http://[::1]:5173',
    'https://xn--bcher-kva.example',
    'https://a_b.example',
    'capacitor://localhost',
    'chrome-extension://gppongmhjkpfnbhagpmjfkannfbllamg',
    '*',
  ])('%s: accepted as written', text => {
    expect(parseWebOrigin(text)).toEqual({ ok: true, value: text });
  });

  test.each([
    ['https://app.example/', 'https://app.example'],
    ['https://app.example/path', 'https://app.example'],
    ['https://app.example?x', 'https://app.example'],
    ['https://App.example', 'https://app.example'],
    ['HTTPS://app.example', 'https://app.example'],
    ['https://app.example:443', 'https://app.example'],
    ['http://app.example:80', 'http://app.example'],
    ['https://app.example:08443', 'https://app.example:8443'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['http://[0:0:0:0:0:0:0:1]:5173', 'http://[::1]:5173'],
    ['http://127.1:80', 'http://127.0.0.1'],
    ['app.example', 'https://app.example'],
    ['https://user@app.example', 'https://app.example'],
    ['https://:pass@app.example', 'https://app.example'],
    ['capacitor://LocalHost', 'capacitor://localhost'],
    ['null', undefined],
    ['https://*.example', undefined],
    ['https://', undefined],
    ['file://', undefined],
    ['https://app.example:99999', undefined],
    ['https://app example', undefined],
    ['https://a.example, https://b.example', undefined],
    ['', undefined],
  ])('%j: rejected, nearest %j', (text, nearest) => {
    const parsed = parseWebOrigin(text);
    expect(parsed.ok ? 'accepted' : parsed.rejection.nearest).toBe(nearest);
  });
});

describe('one error', () => {
  test.each([
    ['methods: [GET]', 'cors.origins: missing key "origins"'],
    ['origins: []', 'cors.origins: the list is empty'],
    [
      'origins: [null]',
      'cors.origins[0]: found nothing, expected an origin such as https://app.example.com, or "*" alone',
    ],
    ['origins: ["null"]', 'cors.origins[0]: "null" is what pages of no origin send, which any page can become'],
    [
      'origins: [https://app.example/]',
      'cors.origins[0]: "https://app.example/" is no scheme, host and port alone, expected an origin such as https://app.example.com, or "*" alone; did you mean "https://app.example"?',
    ],
    [
      'origins: [https://App.example]',
      'cors.origins[0]: "https://App.example" is not as browsers write it, expected an origin such as https://app.example.com, or "*" alone; did you mean "https://app.example"?',
    ],
    [
      'origins: ["https://*.example"]',
      'cors.origins[0]: "https://*.example" is a pattern: origins are compared exactly',
    ],
    ['origins: ["*", https://app.example]', 'cors.origins[0]: "*" already stands for every origin'],
    [
      'origins: [https://a.example, https://a.example]',
      'cors.origins[1]: "https://a.example" stands in the list already',
    ],
    [`${ORIGIN}, methods: []`, 'cors.methods: the list is empty'],
    [`${ORIGIN}, methods: [patch]`, 'cors.methods[0]: "patch" is not a method of HTTP'],
    [`${ORIGIN}, methods: [TRACE]`, 'cors.methods[0]: "TRACE" is a method that browsers let no page send'],
    [`${ORIGIN}, headers: ["X Custom"]`, 'cors.headers[0]: "X Custom" is not a header field name'],
    [`${ORIGIN}, headers: ["X-A: 1"]`, 'cors.headers[0]: "X-A: 1" is not a header field name'],
    [`${ORIGIN}, expose: [""]`, 'cors.expose[0]: "" is not a header field name'],
    [`${ORIGIN}, max_age: 25h`, 'cors.max_age: "25h" is too long'],
    [`${ORIGIN}, max_age: 600`, 'cors.max_age: found a number'],
    [`${ORIGIN}, credentials: yes please`, 'cors.credentials: found a string, expected true or false'],
    [
      'origins: ["*"], credentials: true',
      'cors.origins[0]: "*" does not go with credentials: true, where browsers take it for a name, expected each one by its name',
    ],
    [`${ORIGIN}, credentials: true, headers: [X-A, "*"]`, 'cors.headers[1]: "*" does not go with credentials: true'],
    [`${ORIGIN}, credentials: true, expose: ["*"]`, 'cors.expose[0]: "*" does not go with credentials: true'],
    [`origin: [https://app.example], ${ORIGIN}`, 'cors.origin: unknown key "origin"'],
  ])('%s', (cors, message) => {
    const [first, ...more] = listDiagnostics(file(cors));
    expect(more).toEqual([]);
    expect(first).toContain(`routes./a.${message}`);
  });

  test('several mistakes: each of them is told', () => {
    const found = listDiagnostics(file('origins: [null, "https://a/"], methods: [get], credentials: maybe'));
    expect(found).toHaveLength(4);
  });
});

test('an origin without TLS: a warning, unless it is this machine or every origin', () => {
  const written = ['http://b.example', 'http://localhost:1', 'http://127.0.0.1:1', 'http://[::1]:1', 'capacitor://a'];
  const found = listDiagnostics(file(`origins: ${JSON.stringify(written)}`));
  expect(found).toHaveLength(1);
  expect(found[0]).toContain('warning: routes./a.cors.origins[0]: pages that travel in clear text');
  expect(listDiagnostics(file('origins: ["*"]'))).toEqual([]);
});

describe('what the route has', () => {
  const read = (cors: string, route = '') => {
    const loaded = load(file(cors, route));
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
    return loaded.config.routes[0]?.cors;
  };

  test('origins alone: Authorization and Content-Type, WWW-Authenticate and X-Request-Id, ten minutes', () => {
    expect(read(ORIGIN)).toEqual({
      origins: new Set(['https://app.example']),
      methods: ['*'],
      headers: ['Authorization', 'Content-Type'],
      headerPrefix: undefined,
      expose: ['WWW-Authenticate', 'X-Request-Id'],
      credentials: false,
      maxAge: 600,
    });
  });

  test('names that always stand there, in other case: once', () => {
    const cors = read(`${ORIGIN}, headers: [authorization, X-A, x-a], expose: [x-request-id, ETag]`);
    expect(cors?.headers).toEqual(['authorization', 'Content-Type', 'x-a']);
    expect(cors?.expose).toEqual(['WWW-Authenticate', 'x-request-id', 'ETag']);
  });

  test.each([
    ['scopes: [a]', ['*']],
    ['scopes: { GET: [a] }', ['GET', 'HEAD']],
    ['scopes: { GET: [a], POST /x: [b], POST: [c], HEAD /y: [] }', ['GET', 'HEAD', 'POST']],
    ['scopes: { GET: [a], "* /x": [b] }', ['*']],
  ])('methods by default, %s: %j', (scopes, methods) => {
    expect(read(ORIGIN, scopes)?.methods).toEqual(methods);
  });

  test('methods that are written: those alone', () => {
    expect(read(`${ORIGIN}, methods: [PUT]`, 'scopes: { GET: [a] }')?.methods).toEqual(['PUT']);
  });

  test.each([
    ['0s', 0],
    ['500ms', 0],
    ['90s', 90],
    ['24h', 86_400],
  ])('max_age %s: %d seconds', (written, seconds) => {
    expect(read(`${ORIGIN}, max_age: ${written}`)?.maxAge).toBe(seconds);
  });
});

describe('of an MCP server', () => {
  const settings = {
    origins: ['https://app.example'],
    methods: undefined,
    headers: ['X-Custom'],
    expose: [],
    credentials: false,
    max_age: 60,
  };
  const route = { scopeRules: [], isMcp: true, resource: 'HTTPS://Tools.example:443/mcp' };
  const FIELDS = ['MCP-Protocol-Version', 'Mcp-Session-Id', 'Last-Event-ID', 'Mcp-Method', 'Mcp-Name'];

  test('with cors: the fields of MCP, too', () => {
    expect(buildCors(settings, route)).toMatchObject({
      origins: new Set(['https://app.example']),
      headers: ['Authorization', 'Content-Type', ...FIELDS, 'X-Custom'],
      headerPrefix: 'mcp-param-',
      expose: ['WWW-Authenticate', 'X-Request-Id', 'Mcp-Session-Id'],
      maxAge: 60,
    });
  });

  test('without cors: pages of the origin of its resource', () => {
    expect(buildCors(undefined, route)).toMatchObject({
      origins: new Set(['https://tools.example']),
      headers: ['Authorization', 'Content-Type', ...FIELDS],
      maxAge: 600,
    });
  });

  test('without cors and without a resource, or of another API: none', () => {
    expect(buildCors(undefined, { ...route, resource: undefined })).toBeUndefined();
    expect(buildCors(undefined, { ...route, isMcp: false })).toBeUndefined();
  });
});
