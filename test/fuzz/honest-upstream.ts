/** The protected API: it answers with a secret, and checks each request for what a client must not get through. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ReceivedRequest, startUpstream, type Upstream } from '../support/upstream.ts';
import { UPSTREAM_PREFIXES } from './corpus.ts';

export interface HonestUpstream {
  readonly upstream: Upstream;
  /** Precedes the letter of the resource in the response: `MARKER-A`. */
  readonly marker: string;
  /** Requests so far, with handshakes. */
  readonly requests: number;
  close(): Promise<void>;
}

export interface HonestUpstreamOptions {
  /** From letters to the only `sub` that valid tokens for them have. */
  readonly subjects: ReadonlyMap<string, string>;
  readonly onViolation: (what: string) => void;
}

/** Fields that never come from a client: set by the gateway, or hop-by-hop. */
const FORBIDDEN = ['authorization', 'expect', 'te', 'trailer', 'proxy-connection', 'http2-settings', 'keep-alive'];
/** Bytes and segments that two servers read differently. */
const AMBIGUOUS =
  /[^\x21-\x7e]|\/\/|\\|#|\/\.\.?(?:\/|$)|%(?:2e|2f|5c|00|23|3f|25|3b|[01][0-9a-f]|7f)|%(?![0-9A-F]{2})|;/i;

/** Starts it on 127.0.0.1. */
export async function startHonestUpstream({ subjects, onViolation }: HonestUpstreamOptions): Promise<HonestUpstream> {
  const marker = `marker-${subjects.get('A')}`;
  const upstream = await startUpstream({ name: 'honest' });
  const authority = `127.0.0.1:${upstream.port}`;
  let requests = 0;
  const inspect = (received: ReceivedRequest): string => {
    requests += 1;
    upstream.received.length = 0;
    const letter = letterOf(received.url);
    const faults = [...findFaults(received, authority, letter), ...findIdentityFault(received, subjects, letter)];
    if (faults.length > 0) onViolation(`the upstream got ${faults.join(', ')}: ${JSON.stringify(received)}`);
    return letter;
  };
  upstream.handle = (request, response, received) => answer(request, response, `${marker}-${inspect(received)}`);
  const echo = upstream.handleUpgrade;
  upstream.handleUpgrade = (request, socket, head, received) => {
    inspect(received);
    echo(request, socket, head, received);
  };
  return {
    upstream,
    marker,
    get requests() {
      return requests;
    },
    close: () => upstream.close(),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, secret: string): void {
  request.on('error', () => response.destroy()).resume();
  request.on('end', () => response.writeHead(200, { 'X-Marker': secret, 'Content-Length': secret.length }).end(secret));
}

function letterOf(url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  const found = UPSTREAM_PREFIXES.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`));
  return found?.[1] ?? 'none';
}

function findFaults({ url, rawHeaders }: ReceivedRequest, authority: string, letter: string): string[] {
  const names = rawHeaders.map(([name]) => name.toLowerCase().replaceAll('_', '-'));
  const hosts = rawHeaders.filter(([name]) => name.toLowerCase() === 'host').map(([, value]) => value);
  const path = url.split('?', 1)[0] ?? '';
  const opened = letter === 'C' ? path.replaceAll(/%2F|;/g, '') : path;
  return [
    ...(letter === 'none' ? ['a path of no route'] : []),
    ...(AMBIGUOUS.test(opened) ? ['an ambiguous path'] : []),
    ...(hosts.length === 1 && hosts[0] === authority ? [] : [`Host ${JSON.stringify(hosts)}`]),
    ...FORBIDDEN.filter(name => names.includes(name)),
    ...(names.filter(name => name === 'content-length' || name === 'transfer-encoding').length > 1
      ? ['two framings']
      : []),
  ];
}

/** X-User proves that the gateway verified a token for this resource: its value is known only to the issuer. */
function findIdentityFault(
  { rawHeaders }: ReceivedRequest,
  subjects: ReadonlyMap<string, string>,
  letter: string,
): string[] {
  if (letter === 'open' || letter === 'none') return [];
  const users = rawHeaders.filter(([name]) => /^x[-_]user$/i.test(name)).map(([, value]) => value);
  const good = [...subjects].filter(([letters]) => letters.includes(letter)).map(([, subject]) => subject);
  return users.length === 1 && good.includes(users[0] ?? '') ? [] : [`X-User ${JSON.stringify(users)}`];
}
