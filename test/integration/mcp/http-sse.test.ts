/** The transport of 2024-11-05, HTTP+SSE, of a server by SDK 1.x: messages are judged like any other POST, and answers come in the one stream. */

import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type SlowServer, startSlowServer } from '../../support/mcp/slow-servers.ts';
import { destroyConnections, openConnected, type RawConnection } from '../../support/raw-connection.ts';
import { bearer, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';

const RESOURCE = 'https://tools.example/SSE';

let issuer: TokenIssuer;
let server: SlowServer;
let gateway: RunningGateway;
const tokens = { user: '', admin: '', foreign: '' };

beforeAll(async () => {
  [issuer, server] = await Promise.all([startTokenIssuer(), startSlowServer('SSE')]);
  gateway = await startGateway(`
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /SSE: { resource: "${RESOURCE}", upstream: "${server.origin}", scopes: [mcp:use], mcp: { sse: true, tools: { wait: [tools:wait] } } }
`);
  const sign = (aud: string, scope: string) => issuer.sign({ claims: { aud, scope } });
  tokens.user = await sign(RESOURCE, 'mcp:use');
  tokens.admin = await sign(RESOURCE, 'mcp:use tools:wait');
  tokens.foreign = await sign('https://else.example/', 'mcp:use tools:wait');
});

afterEach(destroyConnections);

afterAll(async () => {
  await server.close();
  await gateway.close();
  await issuer.close();
});

const message = (id: number, method: string, params: object) =>
  JSON.stringify({ jsonrpc: '2.0', ...(id > 0 && { id }), method, params });
const WAIT = message(2, 'tools/call', { name: 'wait', arguments: {} });

/** Opens the stream, and begins a session. @returns the stream, and how to send a message into the session. */
async function begin() {
  const head = `GET /SSE/stream HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${tokens.user}\r\n\r\n`;
  const stream: RawConnection = await openConnected(gateway.port, head);
  await stream.until(/data: \S+sessionId=[\w-]+/);
  const path = /data: (\S+sessionId=[\w-]+)/.exec(stream.text())?.[1] ?? '';
  const send = async (body: string, token: keyof typeof tokens | 'none' = 'user', type = 'application/json') => {
    const credentials = token === 'none' ? [] : [bearer(tokens[token])];
    const headers = [...credentials, ['Content-Type', type]] as const;
    return (await request(gateway.port, { path, method: 'POST', headers, body })).status;
  };
  const clientInfo = { name: 'raw', version: '1' };
  expect(await send(message(1, 'initialize', { protocolVersion: '2024-11-05', capabilities: {}, clientInfo }))).toBe(
    202,
  );
  await stream.until('"serverInfo"');
  expect(await send(message(0, 'notifications/initialized', {}))).toBe(202);
  return { stream, path, send };
}

describe('a message into a session', () => {
  test('the path that the stream names: below the route, as the server wrote it', async () => {
    expect((await begin()).path).toMatch(/^\/SSE\/message\?sessionId=/);
  });

  test.each([
    ['a token without the scope of the tool', WAIT, 'user', 403],
    ['no token', WAIT, 'none', 401],
    ['a token for another resource', WAIT, 'foreign', 401],
    ['a batch with the tool in it', `[${message(3, 'ping', {})},${WAIT}]`, 'user', 403],
    ['two names', WAIT.replace('"name"', '"name":"other","name"'), 'admin', 400],
  ] as const)('%s: refused, and the tool does not run', async (_name, body, token, status) => {
    const { send, stream } = await begin();
    let started = 0;
    const count = () => {
      started += 1;
    };
    server.calls.on('started', count);
    expect(await send(body, token)).toBe(status);
    // The server answers in order, so an answer to this shows that nothing before it was received.
    expect(await send(message(9, 'ping', {}))).toBe(202);
    await stream.until('"id":9');
    expect(started).toBe(0);
    server.calls.off('started', count);
  });

  test('of another media type: 415', async () => {
    expect(await (await begin()).send(WAIT, 'admin', 'text/plain')).toBe(415);
  });

  test('a token with the scope of the tool: it runs, and the stream has its answer', async () => {
    const { send, stream } = await begin();
    const started = once(server.calls, 'started');
    expect(await send(WAIT, 'admin')).toBe(202);
    await started;
    server.calls.emit('finish');
    await stream.until('"waited"');
  });
});
