/** A TLS client on which a test writes bytes, waits for text, and sees what was agreed on. */

import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type RawConnection, recordText } from './raw-connection.ts';

export interface SecureConnection extends RawConnection {
  readonly socket: TLSSocket;
  /** For a further connection; of TLS 1.3 it comes behind the handshake. */
  readonly session: Promise<Buffer>;
}

/**
 * Connects to 127.0.0.1, and waits for the end of the handshake. Verifies nothing unless `options` say so.
 *
 * @throws the error of the client, with the code of OpenSSL.
 */
export async function connectSecurely(port: number, options: ConnectionOptions = {}): Promise<SecureConnection> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  const session = once(socket, 'session').then(([given]: Buffer[]) => given as Buffer);
  // A test that does not ask for it must not fail for it.
  session.catch(() => undefined);
  await once(socket, 'secureConnect');
  return { ...recordText(socket), socket, session };
}

/** @returns the error code with which `connectSecurely` fails; `undefined` where it does not. */
export async function findConnectError(port: number, options: ConnectionOptions): Promise<string | undefined> {
  try {
    const { socket } = await connectSecurely(port, options);
    socket.destroy();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** Sends a GET over `connection`. @returns the text up to `marker`, which the response must have. */
export async function getOver(connection: SecureConnection, path: string, marker: string | RegExp): Promise<string> {
  connection.send(`GET ${path} HTTP/1.1\r\nHost: api.example\r\n\r\n`);
  await connection.until(marker);
  return connection.text();
}
