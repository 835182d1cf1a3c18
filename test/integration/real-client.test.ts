/** oidc-provider as the issuer, the MCP SDK as the client: discovery, tokens and calls through the gateway. */

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
} from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type AuthorizationServer,
  DEFAULT_CLIENTS,
  startAuthorizationServer,
} from '../support/authorization-server.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { bearer, headerValues, type RawResponse, request } from '../support/raw-http.ts';
import { answerWithWhatArrived, type Handle, startUpstream, type Upstream } from '../support/upstream.ts';

const PROFILE = 'https://profile.example.com/';
const BILLING = 'https://billing.example.com/';
/** The issuer knows it, the gateway does not. */
const ELSEWHERE = 'https://elsewhere.example.com/';
const SCOPES = ['things:read', 'things:write'];

/** A balancer in front of the gateway: a resource URI holds its port, so it is known before the gateway starts. */
let balancer: Server;
let port: number;
let mcpResource: string;
let issuer: AuthorizationServer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await startUpstream();
  balancer = createServer(socket => relay(socket, connect(gateway.port, '127.0.0.1')));
  port = await listenOnLoopback(balancer);
  mcpResource = `http://127.0.0.1:${port}/mcp`;
  const resources = [PROFILE, BILLING, ELSEWHERE, mcpResource].map(resource => ({ resource, scopes: SCOPES }));
  issuer = await startAuthorizationServer({ resources });
  gateway = await startGateway(gatewayYaml(issuer, `jwks_uri: "${issuer.jwksUri}"`));
});

afterEach(() => {
  upstream.handle = answerWithWhatArrived;
  upstream.received.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close(), once(balancer.close(), 'close')]);
});

describe('tokens of oidc-provider', () => {
  test('requested with resource=: forwarded there, with its claims', async () => {
    const { accessToken } = await issuer.requestToken({ resource: PROFILE, scope: 'things:read' });
    const answer = await call(gateway, '/profile/me', accessToken);
    expect(answer.status, String(answer.body)).toBe(200);
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'x-client')).toEqual(['client-one']);
    const line = gateway.log.findLast(({ msg }) => msg === 'request');
    expect(line).toMatchObject({
      outcome: 'forwarded',
      client_id: 'client-one',
      aud: [PROFILE],
      scope: 'things:read',
      iss: issuer.issuer,
    });
  });

  test('a token of the same client for another resource: refused, the counter names that API', async () => {
    const series = deputySeries('/profile', PROFILE, BILLING, issuer.issuer);
    const before = await gateway.sample(series);
    const { accessToken } = await issuer.requestToken({ resource: BILLING, scope: 'things:read' });
    expect((await call(gateway, '/billing/me', accessToken)).status).toBe(200);
    const refused = await call(gateway, '/profile/me', accessToken);
    expect(refused.status).toBe(401);
    expect(JSON.parse(String(refused.body))).toMatchObject({ reason: 'wrong_audience' });
    expect(headerValues(refused.headers, 'www-authenticate').join()).toContain('error="invalid_token"');
    expect(await gateway.sample(series)).toBe(before + 1);
    expect(upstream.received.map(({ url }) => url)).toEqual(['/billing/me']);
  });

  test('a token of another client: forwarded as that client', async () => {
    const { accessToken } = await issuer.requestToken({
      ...DEFAULT_CLIENTS[1],
      resource: PROFILE,
      scope: 'things:read',
    });
    expect((await call(gateway, '/profile/me', accessToken)).status).toBe(200);
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'x-client')).toEqual(['client-two']);
  });

  test('a token for a resource of no route: refused as foreign', async () => {
    const series = deputySeries('/profile', PROFILE, 'foreign', issuer.issuer);
    const before = await gateway.sample(series);
    const { accessToken } = await issuer.requestToken({ resource: ELSEWHERE, scope: 'things:read' });
    expect((await call(gateway, '/profile/me', accessToken)).status).toBe(401);
    expect(await gateway.sample(series)).toBe(before + 1);
  });

  test("requested without resource, for the issuer's default: refused as foreign", async () => {
    const careless = await startAuthorizationServer({
      resources: [{ resource: PROFILE, scopes: SCOPES }],
      defaultResource: 'urn:everything',
    });
    const own = await startGateway(gatewayYaml(careless, `jwks_uri: "${careless.jwksUri}"`));
    try {
      const { accessToken } = await careless.requestToken();
      const refused = await call(own, '/profile/me', accessToken);
      expect(refused.status).toBe(401);
      expect(JSON.parse(String(refused.body))).toMatchObject({ reason: 'wrong_audience' });
      expect(await own.sample(deputySeries('/profile', PROFILE, 'foreign', careless.issuer))).toBe(1);
    } finally {
      await own.close();
      await careless.close();
    }
  });

  test('an opaque token: malformed_token', async () => {
    const { accessToken } = await issuer.requestToken();
    const refused = await call(gateway, '/profile/me', accessToken);
    expect(refused.status).toBe(401);
    expect(JSON.parse(String(refused.body))).toMatchObject({ reason: 'malformed_token' });
  });

  test('without the scope: 403, naming every required scope', async () => {
    const { accessToken } = await issuer.requestToken({ resource: PROFILE });
    const refused = await call(gateway, '/profile/me', accessToken);
    expect(refused.status).toBe(403);
    expect(headerValues(refused.headers, 'www-authenticate').join()).toContain('error="insufficient_scope"');
    expect(headerValues(refused.headers, 'www-authenticate').join()).toContain('scope="things:read"');
  });

  test('after a key rotation: tokens of the new and of the old key are forwarded', async () => {
    const rotating = await startAuthorizationServer({ resources: [{ resource: PROFILE, scopes: SCOPES }] });
    const own = await startGateway(gatewayYaml(rotating, `jwks_uri: "${rotating.jwksUri}"`));
    try {
      const old = await rotating.requestToken({ resource: PROFILE, scope: 'things:read' });
      await rotating.rotateKeys();
      const fresh = await rotating.requestToken({ resource: PROFILE, scope: 'things:read' });
      expect((await call(own, '/profile/me', fresh.accessToken)).status).toBe(200);
      expect((await call(own, '/profile/me', old.accessToken)).status).toBe(200);
    } finally {
      await own.close();
      await rotating.close();
    }
  });

  test.each(['ES256', 'RS256'] as const)('discovery finds the keys (%s)', async algorithm => {
    const discovered = await startAuthorizationServer({
      algorithm,
      resources: [{ resource: PROFILE, scopes: SCOPES }],
    });
    const own = await startGateway(gatewayYaml(discovered, `algorithms: [${algorithm}]`));
    try {
      expect(discovered.requests.some(line => line.includes('/.well-known/'))).toBe(true);
      const { accessToken } = await discovered.requestToken({ resource: PROFILE, scope: 'things:read' });
      expect((await call(own, '/profile/me', accessToken)).status).toBe(200);
      expect(await own.sample(`audgate_jwks_fetches_total{issuer="${discovered.issuer}",outcome="success"}`)).toBe(1);
    } finally {
      await own.close();
      await discovered.close();
    }
  });
});

describe('the MCP SDK', () => {
  test('tools: listed and called through the gateway', async () => {
    const reached = serveMcp();
    const { accessToken } = await issuer.requestToken({ resource: mcpResource, scope: 'things:read' });
    const client = await connectClient(accessToken);
    try {
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['add']);
      const result = await client.callTool({ name: 'add', arguments: { a: 2, b: 40 } });
      expect(result.content).toEqual([{ type: 'text', text: '42' }]);
    } finally {
      await client.close();
    }
    expect(reached()).toBeGreaterThan(2);
    for (const { rawHeaders } of upstream.received) expect(headerValues(rawHeaders, 'authorization')).toEqual([]);
  });

  test('a token for another resource: refused, the client starts over', async () => {
    const reached = serveMcp();
    const { accessToken } = await issuer.requestToken({ resource: PROFILE, scope: 'things:read' });
    const refusal = await connectClient(accessToken).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StreamableHTTPError);
    expect(refusal).toMatchObject({ code: 401 });
    expect(reached()).toBe(0);
  });

  test('resource_metadata of the 401: leads to the metadata and the issuer', async () => {
    const refused = await fetch(mcpUrl(), { method: 'POST', body: '{}' });
    expect(refused.status).toBe(401);
    const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(refused);
    expect(scope).toBe('things:read');
    expect(resourceMetadataUrl?.href).toBe(`http://127.0.0.1:${port}/.well-known/oauth-protected-resource/mcp`);
    const metadata = await discoverOAuthProtectedResourceMetadata(
      mcpUrl(),
      resourceMetadataUrl ? { resourceMetadataUrl } : {},
    );
    expect(metadata).toMatchObject({
      resource: mcpResource,
      authorization_servers: [issuer.issuer],
      scopes_supported: ['things:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'A calculator',
    });
  });

  test('the well-known path: leads to the metadata', async () => {
    expect((await discoverOAuthProtectedResourceMetadata(mcpUrl())).resource).toBe(mcpResource);
  });

  test('from the 401 to the tools: only by what the gateway returns', async () => {
    serveMcp();
    const refused = await fetch(mcpUrl(), { method: 'POST', body: '{}' });
    const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(refused);
    const metadata = await discoverOAuthProtectedResourceMetadata(
      mcpUrl(),
      resourceMetadataUrl ? { resourceMetadataUrl } : {},
    );
    expect(metadata.authorization_servers).toEqual([issuer.issuer]);
    const { accessToken } = await issuer.requestToken({
      resource: metadata.resource,
      ...(scope !== undefined && { scope }),
    });
    const client = await connectClient(accessToken);
    expect((await client.listTools()).tools).toHaveLength(1);
    await client.close();
  });
});

function gatewayYaml({ issuer: name }: AuthorizationServer, settings: string): string {
  return `
issuers:
  ${name}: { ${settings} }
routes:
  /profile: { resource: "${PROFILE}", upstream: "${upstream.origin}", scopes: [things:read], claims_to_headers: { X-Client: client_id } }
  /billing: { resource: "${BILLING}", upstream: "${upstream.origin}" }
  /mcp: { name: A calculator, resource: "${mcpResource}", upstream: "${upstream.origin}", scopes: [things:read] }
`;
}

function deputySeries(route: string, resource: string, presented: string, name: string): string {
  const labels = { route, resource, presented, issuer: name, action: 'refused' };
  const text = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `audgate_confused_deputy_rejections_total{${text.join(',')}}`;
}

function call(target: RunningGateway, path: string, token: string): Promise<RawResponse> {
  return request(target.port, { path, headers: [bearer(token)] });
}

function mcpUrl(): URL {
  return new URL(mcpResource);
}

async function connectClient(accessToken: string): Promise<Client> {
  const client = new Client({ name: 'real-client', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(mcpUrl(), {
    requestInit: { headers: { Authorization: `Bearer ${accessToken}` } },
  });
  await client.connect(transport as Parameters<Client['connect']>[0]);
  return client;
}

/** The upstream becomes an MCP server without sessions. @returns how many requests it had. */
function serveMcp(): () => number {
  let reached = 0;
  const handle: Handle = async (req, res) => {
    reached += 1;
    const server = new McpServer({ name: 'calculator', version: '1.0.0' });
    server.registerTool('add', { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => ({
      content: [{ type: 'text', text: String(a + b) }],
    }));
    const transport = new StreamableHTTPServerTransport({});
    res.on('close', () => server.close());
    await server.connect(transport as Parameters<McpServer['connect']>[0]);
    await transport.handleRequest(req, res);
  };
  upstream.handle = handle;
  return () => reached;
}

function relay(client: Socket, server: Socket): void {
  client.pipe(server).pipe(client);
  for (const [side, other] of [
    [client, server],
    [server, client],
  ] as const) {
    side.on('error', () => other.destroy()).on('close', () => other.destroy());
  }
}
