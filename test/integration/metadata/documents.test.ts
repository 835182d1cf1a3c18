/** Protected resource metadata (RFC 9728) on real sockets: a row for each thing that is promised. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type HeaderPair, headerValues, type RawResponse, request, sendRaw } from '../../support/raw-http.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const LOGIN = 'https://login.example.com';

let upstream: Upstream;
let gateway: RunningGateway;
let single: RunningGateway;

beforeAll(async () => {
  upstream = await startUpstream();
  const issuers = `issuers: { ${LOGIN}: { jwks_uri: "http://127.0.0.1:9/jwks" } }`;
  const resource = (uri: string, more = '') => `{ resource: "${uri}", upstream: "${upstream.origin}"${more} }`;
  gateway = await startGateway(`
${issuers}
routes:
  billing.example.com/v2: ${resource('https://billing.example.com/', ', name: Billing, scopes: [read, write]')}
  /profile: ${resource('https://profile.example.com')}
  /mcp: ${resource('https://tools.example.com/mcp', ', scopes: { GET: [use], POST /x: [use, more] }')}
  tools.example.com/: { public: true, upstream: "${upstream.origin}" }
`);
  single = await startGateway(`${issuers}\nroutes: { /mcp: ${resource('https://tools.example.com/mcp')} }`);
});

afterAll(async () => {
  await Promise.all([gateway?.close(), single?.close()]);
  await upstream?.close();
});

interface Asked {
  readonly path: string;
  readonly host?: string;
  readonly method?: string;
  readonly headers?: readonly HeaderPair[];
}

function ask({ path, host = 'tools.example.com', method = 'GET', headers = [] }: Asked, at = gateway) {
  return request(at.port, { method, path, headers: [['Host', host], ...headers] });
}

const field = ({ headers }: RawResponse, name: string) => headerValues(headers, name).join(' | ') || undefined;
const resourceOf = ({ body }: RawResponse) => (JSON.parse(String(body)) as { resource: string }).resource;

describe('the document', () => {
  test('of a resource with a name and scopes: all of it, and no token is needed', async () => {
    const answer = await ask({ path: WELL_KNOWN, host: 'billing.example.com' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(String(answer.body))).toEqual({
      resource: 'https://billing.example.com/',
      authorization_servers: [LOGIN],
      scopes_supported: ['read', 'write'],
      bearer_methods_supported: ['header'],
      resource_name: 'Billing',
    });
    expect(field(answer, 'content-type')).toBe('application/json');
  });

  test('without scopes and name: neither is there', async () => {
    const answer = await ask({ path: WELL_KNOWN, host: 'profile.example.com' });
    expect(Object.keys(JSON.parse(String(answer.body)))).toEqual([
      ...['resource', 'authorization_servers', 'bearer_methods_supported'],
    ]);
  });

  test.each<[string, Asked, string | number]>([
    ['the path of the resource', { path: `${WELL_KNOWN}/mcp` }, 'https://tools.example.com/mcp'],
    ['with a slash behind it', { path: `${WELL_KNOWN}/mcp/` }, 'https://tools.example.com/mcp'],
    [
      'with the port of the gateway',
      { path: `${WELL_KNOWN}/mcp`, host: 'Tools.Example.com:8443' },
      'https://tools.example.com/mcp',
    ],
    [
      'with a Host that is no resource’s, where one is meant',
      { path: `${WELL_KNOWN}/mcp`, host: '10.0.0.7' },
      'https://tools.example.com/mcp',
    ],
    ['with the Host of another resource', { path: `${WELL_KNOWN}/mcp`, host: 'billing.example.com' }, 404],
    ['at the root, by the Host', { path: WELL_KNOWN, host: 'profile.example.com' }, 'https://profile.example.com'],
    [
      'at the root with a slash',
      { path: `${WELL_KNOWN}/`, host: 'profile.example.com' },
      'https://profile.example.com',
    ],
    ['at the root, for the Host of a resource with a path', { path: WELL_KNOWN }, 404],
    [
      'at the root, with a Host that is none of ours, where several could be meant',
      { path: WELL_KNOWN, host: '10.0.0.7' },
      404,
    ],
    ['the place of no resource: a path like any other', { path: `${WELL_KNOWN}/other`, host: '10.0.0.7' }, 404],
  ])('%s: %s', async (_name, asked, expected) => {
    const answer = await ask(asked);
    if (typeof expected === 'number') expect(answer.status).toBe(expected);
    else expect(resourceOf(answer)).toBe(expected);
    expect(upstream.received).toEqual([]);
  });

  test('at the root of a gateway whose only resource has a path: 404', async () => {
    expect((await ask({ path: WELL_KNOWN }, single)).status).toBe(404);
    expect(resourceOf(await ask({ path: `${WELL_KNOWN}/mcp` }, single))).toBe('https://tools.example.com/mcp');
  });

  test('Host and X-Forwarded-*: nowhere in it', async () => {
    const forwarded: HeaderPair[] = ['Host', 'Proto', 'Prefix'].map(name => [`X-Forwarded-${name}`, 'evil']);
    const plain = await ask({ path: `${WELL_KNOWN}/mcp` });
    const other = await ask({ path: `${WELL_KNOWN}/mcp`, host: 'evil.example', headers: forwarded });
    expect(String(other.body)).toBe(String(plain.body));
  });

  test('of HTTP/1.0 without a Host: where one is meant', async () => {
    const answer = String(await sendRaw(gateway.port, `GET ${WELL_KNOWN}/mcp HTTP/1.0\r\n\r\n`));
    expect(answer).toContain('"resource":"https://tools.example.com/mcp"');
  });
});

describe('methods and pages', () => {
  test('HEAD: the fields of GET, without a body', async () => {
    const [get, head] = [
      await ask({ path: `${WELL_KNOWN}/mcp` }),
      await ask({ path: `${WELL_KNOWN}/mcp`, method: 'HEAD' }),
    ];
    expect([head.status, head.body.length]).toEqual([200, 0]);
    for (const name of ['content-type', 'content-length', 'etag', 'cache-control', 'vary']) {
      expect([name, field(head, name)]).toEqual([name, field(get, name)]);
    }
  });

  test('OPTIONS: 204, any field allowed, no token needed', async () => {
    const headers: HeaderPair[] = [
      ['Origin', 'https://app.example'],
      ['Access-Control-Request-Method', 'GET'],
      ['Access-Control-Request-Headers', 'authorization,mcp-protocol-version'],
    ];
    for (const sent of [headers, []]) {
      const answer = await ask({ path: `${WELL_KNOWN}/mcp`, method: 'OPTIONS', headers: sent });
      expect(answer.status).toBe(204);
      expect(field(answer, 'access-control-allow-origin')).toBe('*');
      expect(field(answer, 'access-control-allow-headers')).toBe('*, Authorization');
      expect(field(answer, 'access-control-allow-methods')).toBe('GET, HEAD');
      expect(field(answer, 'content-length')).toBeUndefined();
    }
  });

  test.each([
    ['GET', WELL_KNOWN, 404],
    ['POST', `${WELL_KNOWN}/mcp`, 405],
    ['GET', `${WELL_KNOWN}/mcp`, 200],
  ])('%s %s, %d: readable by pages of every origin', async (method, path, status) => {
    const answer = await ask({ path, method, headers: [['Origin', 'https://app.example']] });
    expect([answer.status, field(answer, 'access-control-allow-origin')]).toEqual([status, '*']);
  });

  test('another method: 405, and Allow names the three', async () => {
    const answer = await ask({ path: `${WELL_KNOWN}/mcp`, method: 'DELETE' });
    expect([answer.status, field(answer, 'allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  test('OPTIONS with a Host that none of several has: 404', async () => {
    expect((await ask({ path: WELL_KNOWN, method: 'OPTIONS', host: '10.0.0.7' })).status).toBe(404);
  });

  test('the log: forwarded, without a route', async () => {
    const before = (await gateway.requestLines(0)).length;
    await ask({ path: `${WELL_KNOWN}/mcp`, method: 'OPTIONS' });
    const [line] = (await gateway.requestLines(before + 1)).slice(before);
    expect(line).toMatchObject({ route: '(none)', method: 'OPTIONS', status: 204, outcome: 'forwarded' });
  });
});

describe('caches', () => {
  test('Cache-Control with max-age, and an ETag that is answered with 304', async () => {
    const first = await ask({ path: `${WELL_KNOWN}/mcp` });
    expect(field(first, 'cache-control')).toMatch(/^max-age=\d+$/);
    const etag = field(first, 'etag') ?? '';
    for (const method of ['GET', 'HEAD']) {
      const again = await ask({ path: `${WELL_KNOWN}/mcp`, method, headers: [['If-None-Match', etag]] });
      expect([again.status, again.body.length, field(again, 'etag')]).toEqual([304, 0, etag]);
      expect(field(again, 'access-control-allow-origin')).toBe('*');
      expect([undefined, field(first, 'content-length')]).toContain(field(again, 'content-length'));
    }
    const other = await ask({ path: WELL_KNOWN, host: 'billing.example.com', headers: [['If-None-Match', etag]] });
    expect(other.status).toBe(200);
  });

  test('Vary: Host where another Host gets something else, and only there', async () => {
    expect(field(await ask({ path: `${WELL_KNOWN}/mcp` }), 'vary')).toBe('Host');
    expect(field(await ask({ path: WELL_KNOWN }), 'vary')).toBe('Host');
    expect(field(await ask({ path: `${WELL_KNOWN}/mcp` }, single), 'vary')).toBeUndefined();
  });
});
