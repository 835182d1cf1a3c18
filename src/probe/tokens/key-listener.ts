/** A listener on loopback that a token names (`jku`, `x5u`): whoever asks it follows what nobody has verified. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Members } from './jws-parts.ts';

export interface KeyListener {
  /** `http://127.0.0.1:PORT`; a path of it names the check. */
  readonly origin: string;
  /** @returns how often `path` was asked for. */
  count(path: string): number;
  close(): void;
}

/** @param keys of the JWK set that every path answers with. */
export async function startKeyListener(keys: readonly Members[]): Promise<KeyListener> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify({ keys }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    count: path => asked.filter(each => each === path).length,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
