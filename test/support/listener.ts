/** Servers on free ports of loopback. */

import { once } from 'node:events';
import { type AddressInfo, connect, type Server } from 'node:net';

/** Listens at `host`. @param port default: a free one. @returns the port. */
export async function listenOnLoopback(server: Server, port = 0, host = '127.0.0.1'): Promise<number> {
  await once(server.listen(port, host), 'listening');
  return (server.address() as AddressInfo).port;
}

/** @returns whether a connection to this port of loopback is accepted. It is closed at once. */
export function isListening(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}
