/** A gateway with a WebSocket upstream and a raw one. */

import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { WebSocket } from 'ws';
import { type RunningGateway, readSample, startGateway } from '../../support/gateway.ts';
import { destroyConnections, openConnected } from '../../support/raw-connection.ts';
import { type HeaderPair, parseResponses, type RawRequest, type RawResponse } from '../../support/raw-http.ts';
import { type RawUpstream, startRawUpstream } from '../../support/raw-upstream.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually, withTimeout } from '../../support/waiting.ts';

export const RESOURCE = 'https://live.example.com/';

export const OTHER = 'https://other.example.com/';

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

export let issuer: TokenIssuer;

export let upstream: Upstream;

export let rude: RawUpstream;

export let gateway: RunningGateway;

export let token: string;

let echo: Upstream['handleUpgrade'];

let deadPort: number;

export function authorization() {
  return { Authorization: `Bearer ${token}` };
}

/** The bytes of a good handshake. */
export function handshake(path: string): string {
  const fields = [['Host', 'gateway.example'], ...HANDSHAKE].map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${fields.join('')}\r\n`;
}

export const HANDSHAKE: readonly HeaderPair[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', KEY],
];

export async function openWebSocket(
  path: string,
  protocols: string[] = [],
  headers: Record<string, string> = {},
): Promise<WebSocket> {
  const options = { headers: { ...authorization(), ...headers } };
  const client = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, protocols, options);
  client.on('error', () => undefined);
  await once(client, 'open');
  return client;
}

/** Unmasked, under 126 bytes. */
export function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);
}

/** Sends one request and reads until the gateway closes the connection, as it must after it has refused an upgrade. */
export async function untilClosed({ method = 'GET', path, headers = [], body = '' }: RawRequest): Promise<RawResponse> {
  const fields = [['Host', `127.0.0.1:${gateway.port}`], ...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  const wire = await openConnected(gateway.port);
  wire.send(`${method} ${path} HTTP/1.1\r\n${fields.join('')}\r\n${body}`);
  await withTimeout(3000, wire.closed, 'the connection did not end');
  const [answer] = parseResponses(Buffer.from(wire.text(), 'latin1'));
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

/** The first line of the log from position `from`. */
export async function nextLine(from: number) {
  await eventually(async () => gateway.log.length > from);
  return gateway.log[from];
}

export async function expectNoConnections(): Promise<void> {
  await eventually(async () => {
    const text = await gateway.scrape();
    const open = ['http', 'upgraded'].map(kind => readSample(text, `audgate_open_connections{kind="${kind}"}`));
    return open.every(count => count === 0);
  });
}

/** Registers the hooks that start and stop all of this. Called once at the top of a test file. */
export function useWebSocketFixture(): void {
  beforeAll(async () => {
    [issuer, upstream, rude] = await Promise.all([
      startTokenIssuer(),
      startUpstream(),
      startRawUpstream({ respondsOnce: true }),
    ]);
    deadPort = await reservePort();
    echo = upstream.handleUpgrade;
    token = await issuer.sign({ claims: { aud: RESOURCE, sub: 'alice' } });
  });

  // A gateway for each test, so that a leaked connection fails the test that leaked it.
  beforeEach(async () => {
    gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /live:
    resource: ${RESOURCE}
    upstream: ${upstream.origin}/base
    claims_to_headers: { X-User: sub }
  /forwarding: { resource: "${RESOURCE}", upstream: "${upstream.origin}", forward_token: true }
  /open: { public: true, upstream: "${upstream.origin}" }
  /other: { resource: "${OTHER}", upstream: "${upstream.origin}", scopes: [other:read] }
  /dead: { public: true, upstream: "http://127.0.0.1:${deadPort}" }
  /rude: { public: true, upstream: "http://127.0.0.1:${rude.port}" }
  /mute: { public: true, upstream: "http://127.0.0.1:${rude.port}", timeouts: { connect: 100ms, response: 300ms } }
`);
  });

  afterEach(async () => {
    destroyConnections();
    try {
      await expectNoConnections();
    } finally {
      upstream.handleUpgrade = echo;
      upstream.received.length = 0;
      rude.reset();
      await withTimeout(3000, gateway.close(), 'the gateway did not drain');
    }
  });

  afterAll(() => Promise.all([issuer.close(), upstream.close(), rude.close()]));
}
