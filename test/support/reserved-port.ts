/** Ports that must be known before a server listens on them. Elsewhere, listen on port 0. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/** Below the range from which the kernel gives out ports (`ip_local_port_range`), so no listener on port 0 gets one of them. */
const LOWEST = 20_000;
/** Where a reservation is held. The address of the listeners that the port is for stays free. */
const HOLD_ADDRESS = '127.77.0.1';

let next = LOWEST + ((process.pid * 64) % 8_192);

/**
 * @returns a port that is free at 127.0.0.1, and that no other caller, in this process or another one, is
 *   given before this process ends.
 */
export async function reservePort(): Promise<number> {
  const highest = firstEphemeralPort() - 1;
  for (let tries = highest - LOWEST; tries > 0; tries -= 1) {
    next = next >= highest ? LOWEST : next + 1;
    const port = next;
    const holder = await listen(HOLD_ADDRESS, port);
    if (holder === undefined) continue;
    const probe = await listen('127.0.0.1', port);
    if (probe === undefined) {
      holder.close();
      continue;
    }
    await once(probe.close(), 'close');
    return port;
  }
  throw new Error('every port is taken');
}

/** @returns a listener that does not keep the process up, or `undefined` where the port is taken. */
async function listen(host: string, port: number): Promise<Server | undefined> {
  const server = createServer(socket => socket.destroy()).unref();
  try {
    await once(server.listen(port, host), 'listening');
    return server;
  } catch {
    return undefined;
  }
}

function firstEphemeralPort(): number {
  try {
    const [lowest] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/);
    return Number(lowest);
  } catch {
    return 32_768;
  }
}
