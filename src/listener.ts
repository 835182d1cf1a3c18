/** Opening and closing a listener of node:http, awaited. */

import type { Server } from 'node:http';
import type { ListenAddress } from './config/config.ts';

/** @returns where it listens: with port 0, the port that was found. @throws where it cannot listen there. */
export function openListener(server: Server, { host, port }: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve({ host, port: typeof address === 'object' && address ? address.port : port });
    });
  });
}

/** Settles when the last connection has ended; at once where it never listened. */
export function closeListener(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
  });
}
