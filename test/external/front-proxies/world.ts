/** What stands around the proxy under test: an issuer, audgate as its authorizer, and the API. */

import { type ExchangeServer, startExchangeServer } from '../../support/exchange-server.ts';
import type { LogLine } from '../../support/gateway.ts';
import { closeGatewayProcesses, type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { type HeaderPair, type RawResponse, request } from '../../support/raw-http.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { type ReceivedRequest, startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';
import {
  closeFrontProxies,
  type FrontProxyKind,
  type RunningFrontProxy,
  startFrontProxy,
} from './proxies/front-proxy.ts';

export const HOST = 'api.example.com';
/** What an exchanged token is for. */
export const INNER = 'https://inner.example.com/';
export const resourceOf = (route: string) => `https://${HOST}/${route}`;

export interface World {
  readonly kind: FrontProxyKind;
  readonly proxy: RunningFrontProxy;
  readonly audgate: GatewayProcess;
  readonly api: Upstream;
  readonly issuer: TokenIssuer;
  /** Its token endpoint. */
  readonly exchange: ExchangeServer;
  /** The configuration of audgate. */
  readonly yaml: string;
  readonly authorizerPort: number;
  close(): Promise<void>;
}

/** The API behind every route is the proxy's: none has an `upstream`. */
function configure(issuer: TokenIssuer, exchange: ExchangeServer, authorizerPort: number): string {
  const route = (name: string, more: string) =>
    `  /${name}: { resource: "${resourceOf(name)}", claims_to_headers: { X-User: sub }${more} }`;
  const exchanged = `{ token_endpoint: "${exchange.endpoint}", resource: "${INNER}", client_id: audgate, client_secret: s }`;
  return `
authorizer: 127.0.0.1:${authorizerPort}
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
${route('billing', ', scopes: { GET: [billing:read], POST: [billing:write] }')}
${route('profile', ', cors: { origins: ["https://app.example.com"] }')}
${route('legacy', ', enforcement: report, would_deny_header: true')}
${route('files', '')}
${route('inner', `, upstream_token: exchange, exchange: ${exchanged}`)}
${route('mcp', ', mcp: { tools: { delete_user: [users:admin], "*": [] } }')}
  other.example.com/billing: { resource: "https://other.example.com/billing", claims_to_headers: { X-User: sub } }
  /open: { public: true }
`;
}

export async function startWorld(kind: FrontProxyKind): Promise<World> {
  const authorizerPort = await reservePort();
  const [issuer, api] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const exchange = await startExchangeServer(issuer);
  const yaml = configure(issuer, exchange, authorizerPort);
  const audgate = await startGatewayProcess(yaml);
  const proxy = await startFrontProxy(kind, { authorizer: authorizerPort, api: api.port });
  const close = async () => {
    await proxy.close();
    await Promise.all([audgate.close(), api.close(), issuer.close(), exchange.close()]);
  };
  return { kind, proxy, audgate, api, issuer, exchange, yaml, authorizerPort, close };
}

/** For `afterAll`: ends what a test that failed has left. */
export async function closeLeftovers(): Promise<void> {
  await Promise.all([closeFrontProxies(), closeGatewayProcesses()]);
}

export interface Answer extends RawResponse {
  /** What reached the API for it. */
  readonly received: readonly ReceivedRequest[];
}

export interface Sent {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: readonly HeaderPair[];
  readonly body?: string;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** Sends one request to the proxy, for `api.example.com` unless the fields name another Host. One at a time for each world. */
export async function send({ proxy, api }: World, path: string, sent: Sent = {}): Promise<Answer> {
  const { method = 'GET', token, headers = [], body, timeout = 10_000 } = sent;
  const before = api.received.length;
  const hasHost = headers.some(([name]) => name.toLowerCase() === 'host');
  const fields: HeaderPair[] = [
    ...(hasHost ? [] : [['Host', HOST] as const]),
    ...(token === undefined ? [] : [['Authorization', `Bearer ${token}`] as const]),
    ...headers,
  ];
  const response = await request(
    proxy.port,
    { method, path, headers: fields, ...(body !== undefined && { body }) },
    { timeout },
  );
  return { ...response, received: api.received.slice(before) };
}

/** @returns the log line of the question about the latest request of `subject`. */
export async function lineOf({ audgate }: World, subject: string): Promise<LogLine> {
  const find = () => audgate.lines('request').findLast(line => line['sub'] === subject);
  await eventually(() => find() !== undefined);
  return find() as LogLine;
}

/** @returns the values of every field that a server may take for `name`: other letters, `_` or `.` in the place of `-`. */
export function valuesLike({ rawHeaders }: ReceivedRequest, name: string): string[] {
  const fold = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '-');
  return rawHeaders.filter(([each]) => fold(each) === fold(name)).map(([, value]) => value);
}

export function textOf({ headers }: RawResponse, name: string): string | undefined {
  const values = headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

/** @returns the problem document (RFC 9457) of a refusal. */
export function problemOf({ body, headers, status }: RawResponse): Readonly<Record<string, unknown>> {
  const type = textOf({ headers } as RawResponse, 'content-type');
  if (!type?.startsWith('application/problem+json')) throw new Error(`${status} ${type}: ${body.toString('utf8')}`);
  return JSON.parse(body.toString('utf8'));
}
