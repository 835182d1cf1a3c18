/** A gateway with routes that exchange tokens, the endpoint, and an upstream whose received bytes are kept. */

import { type ExchangeServer, startExchangeServer } from '../../support/exchange-server.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

export const FRONT = 'https://front.example.com/';
export const INNER = 'https://inner.example.com/';

export type Settings = Readonly<Record<string, unknown>>;

export interface World {
  readonly issuer: TokenIssuer;
  readonly endpoint: ExchangeServer;
  readonly upstream: Upstream;
  /** What the upstream received, byte by byte. */
  readonly bytes: () => string;
  /** Forgets what was received. */
  readonly forget: () => void;
  /** The settings of `exchange`, with others beside or instead; `undefined` takes one away. */
  readonly exchange: (settings?: Settings) => Settings;
  /** A route that exchanges, in the same way. */
  readonly route: (settings?: Settings, exchange?: Settings) => Settings;
  readonly yaml: (routes: Settings, issuer?: Settings) => string;
  /** Replaces the running gateway. */
  readonly start: (routes?: Settings, issuer?: Settings) => Promise<RunningGateway>;
  readonly stop: () => Promise<void>;
  /** A token of the issuer for the front audience, with other claims beside or instead. */
  readonly tokenFor: (claims?: Settings) => Promise<string>;
  /** Stops the gateway; the endpoint answers as usual again. */
  readonly reset: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function createWorld(): Promise<World> {
  const [issuer, signer, upstream] = await Promise.all([startTokenIssuer(), startTokenIssuer(), startUpstream()]);
  const endpoint = await startExchangeServer(signer);
  const pieces: Buffer[] = [];
  upstream.server.on('connection', socket => socket.prependListener('data', piece => pieces.push(piece)));
  let gateway: RunningGateway | undefined;
  const exchange = (settings: Settings = {}) => ({
    ...{ token_endpoint: endpoint.endpoint, client_id: 'gateway', client_secret: 'a secret of the gateway' },
    resource: INNER,
    ...settings,
  });
  const route = (settings: Settings = {}, ofExchange: Settings = {}) => ({
    ...{ resource: FRONT, upstream: upstream.origin, upstream_token: 'exchange', exchange: exchange(ofExchange) },
    ...settings,
  });
  const yaml = (routes: Settings, ofIssuer: Settings = {}) => {
    const issuers = { [issuer.issuer]: { jwks_uri: issuer.jwksUri, ...ofIssuer } };
    return `issuers: ${JSON.stringify(issuers)}\nroutes: ${JSON.stringify(routes)}\n`;
  };
  const stop = async () => {
    await gateway?.close();
    gateway = undefined;
  };
  return {
    ...{ issuer, endpoint, upstream, exchange, route, yaml, stop },
    bytes: () => Buffer.concat(pieces).toString('latin1'),
    forget: () => void pieces.splice(0),
    start: async (routes = { '/inner': route() }, ofIssuer = {}) => {
      await stop();
      gateway = await startGateway(yaml(routes, ofIssuer));
      return gateway;
    },
    tokenFor: (claims = {}) => issuer.sign({ claims: { aud: FRONT, ...claims } }),
    reset: async () => {
      await stop();
      Object.assign(endpoint, { answer: undefined, hold: undefined, members: {}, claims: {} });
    },
    close: async () => {
      await stop();
      await Promise.all([issuer.close(), signer.close(), endpoint.close(), upstream.close()]);
    },
  };
}

/** The Authorization fields in `bytes`. */
export function authorizationsIn(bytes: string): readonly string[] {
  return bytes.split('\r\n').filter(line => /^authorization:/i.test(line));
}

/** @returns `forwarded`, or status and reason, and Retry-After where there is one. */
export async function send(gateway: RunningGateway, token: string, path = '/inner/1'): Promise<string> {
  const response = await fetch(`${gateway.origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const body = await response.text();
  if (response.status === 200) return 'forwarded';
  const retryAfter = response.headers.get('retry-after');
  return `${response.status} ${JSON.parse(body).reason}${retryAfter === null ? '' : `, in ${retryAfter} s`}`;
}

/** @returns the exchanges of a route by outcome. */
export async function countExchanges(gateway: RunningGateway, route = '/inner'): Promise<Record<string, number>> {
  const text = await gateway.scrape();
  const samples = text.matchAll(/^audgate_token_exchanges_total\{route="([^"]*)",outcome="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries(
    [...samples].filter(([, name]) => name === route).map(([, , outcome, count]) => [outcome, Number(count)]),
  );
}

/** @param claims as an object, or as the text of one. @returns a JWT with a signature that nobody verifies. */
export function unsecuredJwt(claims: Settings | string): string {
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  const payload = typeof claims === 'string' ? claims : JSON.stringify(claims);
  return `${encode('{"alg":"ES256","typ":"at+jwt"}')}.${encode(payload)}.${encode('a signature')}`;
}

/** @returns what the endpoint can wait for, until it is released. */
export function createHold(): { readonly held: Promise<void>; readonly release: () => void } {
  let settle: (() => void) | undefined;
  const held = new Promise<void>(resolve => {
    settle = resolve;
  });
  return { held, release: () => settle?.() };
}
