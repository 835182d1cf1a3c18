import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type LogLine, type RunningGateway, readFailures, startGateway } from '../../support/gateway.ts';
import { destroyConnections, openConnected, type RawConnection } from '../../support/raw-connection.ts';
import { request } from '../../support/raw-http.ts';
import { type RawUpstream, startRawUpstream } from '../../support/raw-upstream.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually, withTimeout } from '../../support/waiting.ts';

export const RESOURCE = 'https://api.example.com/';

export const RESET = 'bad_upstream_response/reset';

export const MALFORMED = 'bad_upstream_response/malformed_response';

export let issuer: TokenIssuer;

export let upstream: Upstream;

export let rude: RawUpstream;

export let gateway: RunningGateway;

export let token: string;

/** @returns by what the failures of the route's upstream have grown, by `reason/cause`. */
export async function countFailures(route = '/rude') {
  const before = readFailures(await gateway.scrape(), route);
  return async () => {
    const after = Object.entries(readFailures(await gateway.scrape(), route));
    const grown = after.map(([each, count]) => [each, count - (before[each] ?? 0)] as const);
    return Object.fromEntries(grown.filter(([, count]) => count > 0));
  };
}

export async function expectAlive(): Promise<void> {
  upstream.handle = answerWithWhatArrived;
  expect(await request(gateway.port, { path: '/open/alive' })).toMatchObject({ status: 200, complete: true });
}

/** The line of the log from position `from` that matches, once it is there: lines of earlier tests may still arrive. */
export async function line(from: number, said: Readonly<Record<string, unknown>>) {
  const isIt = (entry: LogLine) => Object.entries(said).every(([key, value]) => entry[key] === value);
  await eventually(() => gateway.log.slice(from).some(isIt));
  return gateway.log.slice(from).find(isIt);
}

export interface Answered {
  /** Latin-1. */
  readonly text: string;
  /** Whether the connection ended without an error. */
  readonly isCleanEnd: boolean;
}

export async function readToTheEnd(path: string, version: '1.0' | '1.1'): Promise<Answered> {
  return endOf(await sendGet(path, version));
}

export async function sendGet(path: string, version: '1.0' | '1.1'): Promise<RawConnection> {
  const wire = await openConnected(gateway.port);
  wire.socket.write(`GET ${path} HTTP/${version}\r\nHost: a.example\r\nConnection: close\r\n\r\n`);
  return wire;
}

export async function endOf(wire: RawConnection): Promise<Answered> {
  await withTimeout(4000, wire.closed, 'the connection did not end');
  return { text: wire.text(), isCleanEnd: !wire.socket.errored };
}

/** Registers the hooks that start and stop all of this. Called once at the top of a test file. */
export function useBrokenPeersFixture(): void {
  beforeAll(async () => {
    [issuer, upstream, rude] = await Promise.all([startTokenIssuer(), startUpstream(), startRawUpstream()]);
    gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
  /open: { public: true, upstream: "${upstream.origin}" }
  /rude: { public: true, upstream: "http://127.0.0.1:${rude.port}", timeouts: { connect: 1s, response: 2s, idle: 2s } }
  /brief: { public: true, upstream: "http://127.0.0.1:${rude.port}", timeouts: { connect: 200ms, response: 300ms, idle: 300ms } }
  /dead: { public: true, upstream: "http://127.0.0.1:${await reservePort()}" }
`);
    token = await issuer.sign({ claims: { aud: RESOURCE } });
  });

  afterEach(() => {
    destroyConnections();
    rude.reset();
    upstream.handle = answerWithWhatArrived;
    upstream.received.length = 0;
  });

  afterAll(async () => {
    await gateway.close();
    await Promise.all([issuer.close(), upstream.close(), rude.close()]);
  });
}
