/**
 * Opens sockets to one upstream. Names are looked up for each new connection, and several addresses are tried in turn (RFC 8305),
 * which node:net does by itself.
 */

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type PeerCertificate, type SecureContext } from 'node:tls';

export interface OpeningSocket {
  readonly socket: Socket;
  /** Told by the socket when bytes may be exchanged. */
  readonly readyEvent: 'connect' | 'secureConnect';
}

export interface ConnectTarget {
  /** A path where it is a unix socket, else a name or an address. */
  readonly host: string;
  readonly port?: number;
  readonly isUnix?: boolean;
  readonly tls?: {
    /** The name that is sent (SNI) and verified; by default the host. Never the client's choice. */
    readonly serverName?: string;
    readonly context?: SecureContext;
  };
}

export type Connector = () => OpeningSocket;

/** Milliseconds for one of several addresses, before the next one is tried. */
const ATTEMPT_TIME = 500;

/** @returns what opens a connection to `target`. A certificate that does not verify fails it; nothing turns that off. */
export function createConnector({ host, port = 0, isUnix = false, tls }: ConnectTarget): Connector {
  // The connection sees to its end itself: node:net would end the other direction before a reset can be told from it.
  const place = isUnix
    ? { path: host, allowHalfOpen: true }
    : { host, port, allowHalfOpen: true, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ATTEMPT_TIME };
  if (!tls) return () => ({ socket: connectTcp(place), readyEvent: 'connect' });
  const name = tls.serverName ?? host;
  const options = {
    ...place,
    // A name is sent, an IP address is not (RFC 6066 section 3); both are verified.
    servername: isIP(name) ? '' : name,
    checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
    ...(tls.context && { secureContext: tls.context }),
  };
  return () => ({ socket: connectTls(options), readyEvent: 'secureConnect' });
}
