/** How a process of the comparison tells its port, and what it has used. */

import type { AddressInfo, Server } from 'node:net';

/** @param count of requests that were served. */
export function announce(server: Server, count: () => number): void {
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpu: user + system, requests: count() });
  });
}
