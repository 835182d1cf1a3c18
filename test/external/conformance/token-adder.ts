/** What a client with a token does to each request, for a suite that has no option for one. */

import { once } from 'node:events';
import { createServer, request } from 'node:http';

export interface TokenAdder {
  close(): Promise<void>;
}

/**
 * Listens on loopback and sends each request on to `origin`, with `Authorization` beside the fields that it came with, `Host` and
 * `Origin` among them.
 *
 * @param port what clients connect to, and so the port of the resource.
 */
export async function startTokenAdder(port: number, origin: string, token: string): Promise<TokenAdder> {
  const server = createServer((req, res) => {
    const rawHeaders = [...req.rawHeaders, 'Authorization', `Bearer ${token}`];
    const { hostname, port: upstreamPort } = new URL(origin);
    const onward = request({
      ...{ hostname, port: upstreamPort, method: req.method, path: req.url, agent: false, setHost: false },
      headers: rawHeaders,
    });
    onward.on('response', answer => {
      res.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
      res.flushHeaders();
      answer.pipe(res);
      answer.on('error', () => res.destroy());
    });
    onward.on('error', () => res.destroy());
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return {
    close: async () => {
      const closed = once(server.close(), 'close');
      server.closeAllConnections();
      await closed;
    },
  };
}
