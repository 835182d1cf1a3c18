/**
 * A client of SDK 2.x begins with `server/discover`, and takes every 4xx but 401 and 403 for a server that does not know it: then it goes back
 * to the handshake of older revisions. So what is refused for a while only must have another status, and must not be an error inside a 200.
 */

import { once } from 'node:events';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REASONS, REFUSALS, type Reason } from '../../../src/denial.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type RunningMcpServer, startMcpServer } from '../../support/mcp-servers.ts';
import { destroyConnections, openConnected } from '../../support/raw-connection.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const RESOURCE = 'https://tools.example/mcp';

/** What these say of a request, they say of each request like it as long as the YAML is the same. */
const BY_THE_REQUEST: readonly Reason[] = [
  'malformed_request',
  'malformed_credentials',
  'ambiguous_path',
  'headers_too_large',
  'expectation_failed',
  'upgrade_required',
  'no_route',
  'method_not_allowed',
  'unsupported_media_type',
  'mcp_header_mismatch',
  // Only a request that names a session, which revisions with `server/discover` do not have.
  'session_not_found',
  'body_too_large',
  // Only a body that the client itself does not go on sending.
  'request_timeout',
];

test.each(REASONS.filter(reason => !BY_THE_REQUEST.includes(reason)))('%s: 401, 403 or 5xx', reason => {
  const { status } = REFUSALS[reason];
  expect(status === 401 || status === 403 || status >= 500).toBe(true);
});

let issuer: TokenIssuer;
let late: TokenIssuer;
let server: RunningMcpServer;
let silent: Upstream;
let rude: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [issuer, late, server] = await Promise.all([startTokenIssuer(), startTokenIssuer(), startMcpServer(2)]);
  late.jwks = undefined;
  [silent, rude] = await Promise.all([
    startUpstream({ handle: req => req.resume() }),
    startUpstream({ handle: req => req.socket.destroy() }),
  ]);
  const route = (origin: string, keys: string) => `{ resource: "${RESOURCE}", upstream: "${origin}", ${keys} }`;
  gateway = await startGateway(`
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" }, "${late.issuer}": { jwks_uri: "${late.jwksUri}" } }
routes:
  /good: ${route(server.origin, 'mcp: true')}
  /rules: ${route(server.origin, 'mcp: { tools: { add: [] } }')}
  /scoped: ${route(server.origin, 'scopes: [mcp:use], mcp: true')}
  /full: ${route(silent.origin, 'mcp: true, limits: { in_flight: 1 }')}
  /full-rules: ${route(silent.origin, 'mcp: { tools: { add: [] } }, limits: { in_flight: 1 }')}
  /gone: ${route(`http://127.0.0.1:${await reservePort()}`, 'mcp: true')}
  /silent: ${route(silent.origin, 'mcp: true, timeouts: { response: 300ms }')}
  /rude: ${route(rude.origin, 'mcp: true')}
  /old: ${route(server.origin, 'mcp: { revisions: ["2025-11-25"] }')}
`);
});

afterAll(async () => {
  destroyConnections();
  await gateway.close();
  await Promise.all([issuer, late, server, silent, rude].map(each => each.close()));
});

type Sign = () => Promise<string>;
const good: Sign = () => issuer.sign({ claims: { aud: RESOURCE, scope: 'other' } });
const expired: Sign = () => issuer.sign({ claims: { aud: RESOURCE, exp: Math.floor(Date.now() / 1000) - 1 } });
const unknown: Sign = () => late.sign({ claims: { aud: RESOURCE } });

const refused: readonly (readonly [reason: string, path: string, Sign, status: number])[] = [
  ['overloaded', '/full', good, 503],
  ['overloaded', '/full-rules', good, 503],
  ['keys_unavailable', '/good', unknown, 503],
  ['upstream_unreachable', '/gone', good, 502],
  ['bad_upstream_response', '/rude', good, 502],
  ['upstream_timeout', '/silent', good, 504],
  ['token_expired', '/rules', expired, 401],
  ['insufficient_scope', '/scoped', good, 403],
];

describe('a client that may choose its revision', () => {
  test.each(['/good', '/rules'])('%s: connects in 2026-07-28', async path => {
    const client = await connect(path, await good());
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
    await client.close();
  });

  test('a route that serves older revisions only: goes back to them after the 400', async () => {
    const client = await connect('/old', await good());
    expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25');
    await client.close();
  });

  test.each(refused)(
    '%s on %s: gives up after one request, and tries no other revision',
    async (reason, path, sign, status) => {
      if (reason === 'overloaded') await fill(path);
      const token = await sign();
      const seen = requestsTo(path).length;
      const failure = await connect(path, token).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      await expect.poll(() => requestsTo(path).length).toBe(seen + 1);
      expect(requestsTo(path).at(-1)).toMatchObject({ reason, status });
    },
  );
});

const requestsTo = (path: string) => gateway.log.filter(({ msg, route }) => msg === 'request' && route === path);

/** Takes the one place that the route has. */
async function fill(path: string): Promise<void> {
  const arrived = once(silent.server, 'request');
  await openConnected(
    gateway.port,
    `GET ${path} HTTP/1.1\r\nHost: tools.example\r\nAuthorization: Bearer ${await good()}\r\n\r\n`,
  );
  await arrived;
}

async function connect(path: string, token: string): Promise<Client> {
  const client = new Client({ name: 'two', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.origin}${path}`), { requestInit }));
  return client;
}
