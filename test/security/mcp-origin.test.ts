/**
 * DNS rebinding (MCP Streamable HTTP, Security Warning): a page whose name has been pointed at the gateway sends its own name in Host and in
 * Origin. On an MCP route Origin is compared with the resource and `cors.origins`, before the method and the token are looked at.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { headerValues, type RawResponse, request } from '../support/raw-http.ts';
import { SAMPLE_KEY } from '../support/switching.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const OWN = 'https://tools.example';
const APP = 'https://app.example';
const EVIL = 'http://evil.example';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let token: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const route = (name: string, more: string) =>
    `  /${name}: { resource: "${OWN}/${name}", upstream: "${upstream.origin}", ${more} }`;
  gateway = await startGateway(`
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
${route('mcp', 'mcp: true, scopes: { POST: [mcp:use] }')}
${route('listed', `mcp: true, cors: { origins: ["${APP}"] }`)}
${route('every', 'mcp: true, cors: { origins: ["*"] }')}
${route('report', 'mcp: true, enforcement: report')}
${route('api', 'scopes: [mcp:use]')}
  /public: { public: true, upstream: "${upstream.origin}", mcp: true }
  /public-listed: { public: true, upstream: "${upstream.origin}", mcp: true, cors: { origins: ["${APP}"] } }
`);
  const aud = ['mcp', 'listed', 'every', 'report', 'api'].map(name => `${OWN}/${name}`);
  token = await issuer.sign({ claims: { aud, scope: 'mcp:use' } });
});

beforeEach(() => {
  upstream.received.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

type Fields = readonly (readonly [string, string])[];

/** @param authorized `false`: without a token. */
async function ask(path: string, fields: Fields, method = 'POST', authorized = true): Promise<RawResponse> {
  const headers: Fields = [...(authorized ? [['Authorization', `Bearer ${token}`] as const] : []), ...fields];
  return request(gateway.port, { path, method, headers: [...headers] });
}

const reasonOf = ({ body }: RawResponse) => /"reason":"(\w+)"/.exec(body.toString())?.[1];

describe('Origin on an MCP route', () => {
  test.each([
    ['/mcp', 'none', [], 200],
    ['/mcp', "the resource's own", [['Origin', OWN]], 200],
    ['/mcp', 'another', [['Origin', EVIL]], 403],
    [
      '/mcp',
      'another, and the same Host',
      [
        ['Origin', EVIL],
        ['Host', 'evil.example'],
      ],
      403,
    ],
    ['/mcp', 'null', [['Origin', 'null']], 403],
    [
      '/mcp',
      'its own twice',
      [
        ['Origin', OWN],
        ['Origin', OWN],
      ],
      403,
    ],
    [
      '/mcp',
      'its own, and another',
      [
        ['Origin', OWN],
        ['Origin', EVIL],
      ],
      403,
    ],
    ['/mcp', 'empty', [['Origin', '']], 403],
    ['/mcp', 'its own with another port', [['Origin', `${OWN}:8443`]], 403],
    [
      '/mcp',
      'its own, listed in Connection',
      [
        ['Origin', EVIL],
        ['Connection', 'origin'],
      ],
      403,
    ],
    ['/mcp/below', 'another, below the endpoint', [['Origin', EVIL]], 403],
    ['/listed', "the resource's own", [['Origin', OWN]], 200],
    ['/listed', 'one of cors.origins', [['Origin', APP]], 200],
    ['/listed', 'another', [['Origin', EVIL]], 403],
    ['/every', 'any', [['Origin', EVIL]], 200],
    ['/every', 'null', [['Origin', 'null']], 403],
    ['/report', 'another, on report', [['Origin', EVIL]], 403],
    ['/public', 'none', [], 200],
    ['/public', 'any', [['Origin', OWN]], 403],
    ['/public-listed', 'one of cors.origins', [['Origin', APP]], 200],
    ['/public-listed', 'another', [['Origin', EVIL]], 403],
    ['/api', 'another, where the upstream is no MCP server', [['Origin', EVIL]], 200],
  ] as const)('%s, %s: %j: %d', async (path, _, fields, status) => {
    const answer = await ask(path, fields);
    expect(answer.status).toBe(status);
    expect(upstream.received.length).toBe(status === 200 ? 1 : 0);
    if (status === 403) expect(reasonOf(answer)).toBe('origin_not_allowed');
  });

  test.each(['GET', 'POST', 'DELETE', 'OPTIONS', 'PUT'])(
    '%s without a token: 403, before method and token',
    async method => {
      const answer = await ask('/mcp', [['Origin', EVIL]], method, false);
      expect([answer.status, reasonOf(answer)]).toEqual([403, 'origin_not_allowed']);
      expect(headerValues(answer.headers, 'www-authenticate')).toEqual([]);
      expect(headerValues(answer.headers, 'access-control-allow-origin')).toEqual([]);
      expect(headerValues(answer.headers, 'vary')).toEqual(['Origin']);
    },
  );

  const HANDSHAKE: Fields = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', SAMPLE_KEY],
  ];
  test('the handshake of a WebSocket: 403', async () => {
    const answer = await ask('/mcp', [...HANDSHAKE, ['Origin', EVIL]], 'GET');
    expect([answer.status, reasonOf(answer)]).toEqual([403, 'origin_not_allowed']);
  });

  test('a preflight: answered before, without a field for the other origin', async () => {
    const preflight = [['Access-Control-Request-Method', 'POST']] as const;
    const foreign = await ask('/mcp', [['Origin', EVIL], ...preflight], 'OPTIONS', false);
    expect([foreign.status, headerValues(foreign.headers, 'access-control-allow-origin')]).toEqual([204, []]);
    const own = await ask('/mcp', [['Origin', OWN], ...preflight], 'OPTIONS', false);
    expect([own.status, headerValues(own.headers, 'access-control-allow-origin')]).toEqual([204, [OWN]]);
  });

  test('ambiguous_path and no_route: decided before it', async () => {
    expect(reasonOf(await ask('/mcp/%2e%2e/x', [['Origin', EVIL]]))).toBe('ambiguous_path');
    expect(reasonOf(await ask('/none', [['Origin', EVIL]]))).toBe('no_route');
  });

  test('counted and logged by its reason', async () => {
    const series = 'audgate_denials_total{route="/mcp",reason="origin_not_allowed",action="refused"}';
    const [before, lines] = [await gateway.sample(series), (await gateway.requestLines(0)).length];
    await ask('/mcp', [['Origin', EVIL]]);
    expect(await gateway.sample(series)).toBe(before + 1);
    const line = (await gateway.requestLines(lines + 1))[lines];
    expect(line).toMatchObject({ route: '/mcp', status: 403, outcome: 'denied', reason: 'origin_not_allowed' });
    expect(JSON.stringify(line)).not.toContain('evil');
  });
});
