/**
 * The handshake of a WebSocket with the upstream, over http-proxy's `ws`. Its plain-HTTP path stays unused: CVE-2026-29057
 * turns a chunked DELETE into a second, unchecked request. Of its event handlers only the one for an accepted upgrade is used.
 */

import { Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { Socket } from 'node:net';
import httpProxy from 'http-proxy';
import type { Connector } from '../http/client/connector.ts';
import { type HeaderList, reduceFields } from '../http/header-list.ts';

const NOTHING = Buffer.alloc(0);

export interface OutgoingHandshake {
  readonly origin: string;
  /** Opens the connection: SNI, the name that is verified and the certificates are those of other requests to this upstream. */
  readonly connect: Connector;
  /** Bytes of the head of the response. */
  readonly headLimit: number;
  /** The value of Host. */
  readonly authority: string;
  readonly path: string;
  /** Without Host, Connection and Upgrade, which are added here. */
  readonly headers: HeaderList;
}

export interface Handshake {
  readonly request: ClientRequest;
  /** Writes the upstream's 101 to the client, with `fields` as its end-to-end fields, and pipes the two sockets into each other. */
  readonly join: (response: IncomingMessage, upstream: Socket, received: Buffer, fields: HeaderList) => void;
}

/**
 * Starts the handshake. Until `join` nothing is written to the client, and nothing is read from it.
 *
 * @param socket the client's.
 * @throws where http-proxy does not work as this file expects.
 */
export function startHandshake(outgoing: OutgoingHandshake, socket: Socket): Handshake {
  const request = startRequest(outgoing, socket);
  // http-proxy's own handlers end the client's socket on an error, before a reply can be written; copy Transfer-Encoding
  // over the unchunked body of a refusal; and accept every 101. So all three are removed, and only the last is called.
  const [join] = request.listeners('upgrade') as ((...given: [IncomingMessage, Socket, Buffer]) => void)[];
  if (!join) throw new Error('http-proxy does not handle upgrades');
  return {
    request: request.removeAllListeners('error').removeAllListeners('response').removeAllListeners('upgrade'),
    join: (response, upstream, first, fields) => {
      response.headers = createSwitchingHeaders(fields);
      // http-proxy writes the head as text: each character is a byte of what the upstream sent.
      socket.setDefaultEncoding('latin1');
      join(response, upstream, first);
    },
  };
}

function startRequest(outgoing: OutgoingHandshake, socket: Socket): ClientRequest {
  const { protocol, hostname, port, host } = new URL(outgoing.origin);
  const name = hostname.replace(/^\[|\]$/g, '');
  const proxy = httpProxy.createProxyServer();
  const ignoreErrors = () => undefined;
  let started: ClientRequest | undefined;
  proxy.once('proxyReqWs', proxyRequest => {
    started = proxyRequest;
    replaceHead(proxyRequest.on('error', ignoreErrors), outgoing);
  });
  // http-proxy and node derive much from the request that they are given, so they are not given the client's.
  const placeholder = { method: 'GET', url: '/', headers: { host, connection: 'Upgrade', upgrade: 'websocket' } };
  const target = { protocol, host: name, hostname: name, port };
  const agent = createAgent(protocol === 'https:', outgoing.connect);
  // What http-proxy calls `ssl` are the options that it gives to node's `request`, also without TLS.
  const options = { target, agent, ssl: { maxHeaderSize: outgoing.headLimit }, ignorePath: true, xfwd: false };
  proxy.ws(placeholder as unknown as IncomingMessage, socket, NOTHING, options, ignoreErrors);
  if (!started) throw new Error('the handshake was not started');
  return started;
}

/** node:http checks that an agent is for the protocol of the request. It opens one connection, which is not kept. */
function createAgent(isSecure: boolean, connect: Connector): Agent {
  const agent = isSecure ? new TlsAgent() : new Agent();
  return Object.assign(agent, { createConnection: () => connect().socket });
}

function replaceHead(proxyRequest: ClientRequest, { path, headers, authority }: OutgoingHandshake): void {
  try {
    proxyRequest.path = path;
    for (const name of proxyRequest.getRawHeaderNames()) proxyRequest.removeHeader(name);
    proxyRequest.setHeader('Host', authority);
    reduceFields(headers, (request, name, value) => request.appendHeader(name, value), proxyRequest);
    proxyRequest.setHeader('Connection', 'Upgrade');
    proxyRequest.setHeader('Upgrade', 'websocket');
  } catch (fault) {
    // Else http-proxy would send what it made of the placeholder.
    proxyRequest.destroy();
    throw fault;
  }
}

/** @param fields of a 101, which has no body and no Content-Length (RFC 9110 section 8.6); its Connection and Upgrade are added. */
function createSwitchingHeaders(fields: HeaderList): NodeJS.Dict<string[]> {
  // Without a prototype, since the upstream chooses the names.
  const headers: NodeJS.Dict<string[]> = Object.create(null);
  headers['Upgrade'] = ['websocket'];
  headers['Connection'] = ['Upgrade'];
  return reduceFields(fields, addValue, headers);
}

function addValue(headers: NodeJS.Dict<string[]>, name: string, value: string): NodeJS.Dict<string[]> {
  headers[name] = [...(headers[name] ?? []), value];
  return headers;
}
