import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { destroyConnections } from '../../support/raw-connection.ts';
import {
  bearer,
  formatRequest,
  type HeaderPair,
  headerValues,
  parseResponses,
  type RawRequest,
  type RawResponse,
  request,
  sendRaw,
} from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { answerWithWhatArrived, type ReceivedRequest, startUpstream, type Upstream } from '../../support/upstream.ts';

export const RESOURCE = 'https://api.example.com/';

export let issuer: TokenIssuer;

export let upstream: Upstream;

export let gateway: RunningGateway;

export let token: string;

export const CHUNKED: HeaderPair = ['Transfer-Encoding', 'chunked'];

export const KEEP_ALIVE: HeaderPair = ['Connection', 'keep-alive'];

export function gatewayYaml(): string {
  return `
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api:
    resource: ${RESOURCE}
    upstream: ${upstream.origin}
    claims_to_headers: { X-User: sub, X-Client: client_id, X-Groups: groups, X-Absent: absent }
  /forwarding: { resource: "${RESOURCE}", upstream: "${upstream.origin}", forward_token: true, claims_to_headers: { X-User: sub } }
  /based: { resource: "${RESOURCE}", upstream: "${upstream.origin}/v1" }
  /stripped: { resource: "${RESOURCE}", upstream: "${upstream.origin}/v1/", strip_prefix: true }
  /stripped-to-root: { resource: "${RESOURCE}", upstream: "${upstream.origin}", strip_prefix: true }
  /open: { public: true, upstream: "${upstream.origin}" }
  /open-forwarding: { public: true, forward_token: true, upstream: "${upstream.origin}" }
`;
}

/** One request with the good token, on a connection of its own. */
export function call(raw: RawRequest): Promise<RawResponse> {
  return request(gateway.port, { ...raw, headers: [bearer(token), ...(raw.headers ?? [])] });
}

/** Requests with the good token in one write on one connection. */
export async function pipeline(requests: readonly RawRequest[]): Promise<RawResponse[]> {
  const bytes = requests.map(raw => formatRequest(gateway.port, { ...raw, headers: [bearer(token), KEEP_ALIVE] }));
  const methods = requests.map(({ method = 'GET' }) => method);
  const options = { responses: requests.length, methods };
  return parseResponses(await sendRaw(gateway.port, Buffer.concat(bytes), options), { methods });
}

export function onlyRequest(): ReceivedRequest {
  const [received] = upstream.received;
  expect(upstream.received).toHaveLength(1);
  if (received === undefined) throw new Error('nothing arrived');
  return received;
}

/** A second request on the same upstream connection would show bytes that the first left in it. */
export async function expectOneRequest(method: string, text: string): Promise<void> {
  expect(onlyRequest()).toMatchObject({ method, url: '/api/a', body: { text } });
  expect((await call({ path: '/api/next' })).status).toBe(200);
  expect(upstream.received.map(({ url }) => url)).toEqual(['/api/a', '/api/next']);
}

export function head(line: string, fields: readonly HeaderPair[]): string {
  const given = headerValues(fields, 'host').length > 0 ? fields : [['Host', 'gateway.example'] as const, ...fields];
  return `${line} HTTP/1.1\r\n${given.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** Registers the hooks that start and stop all of this. Called once at the top of a test file. */
export function useForwardingFixture(): void {
  beforeAll(async () => {
    [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
    gateway = await startGateway(gatewayYaml());
    token = await issuer.sign({ claims: { aud: RESOURCE, sub: 'alice', client_id: 'shop', groups: ['red', 'blue'] } });
  });

  afterEach(() => {
    destroyConnections();
    upstream.handle = answerWithWhatArrived;
    upstream.received.length = 0;
  });

  afterAll(async () => {
    await gateway.close();
    await Promise.all([issuer.close(), upstream.close()]);
  });
}
