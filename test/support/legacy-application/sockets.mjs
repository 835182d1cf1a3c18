/** WebSockets that send back what they get, for who is logged in. */

import { WebSocketServer } from 'ws';

export class Sockets {
  #server = new WebSocketServer({ noServer: true });
  #sessions;
  #tell;

  constructor(sessions, tell) {
    this.#sessions = sessions;
    this.#tell = tell;
  }

  accept(request, socket, head, address) {
    const user = this.#sessions.find(request)?.user;
    if (address.path !== '/ws' || !address.isSameOrigin() || user === undefined) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, client => {
      this.#tell('websocket');
      client.on('error', () => client.terminate());
      client.send(`for ${user}`);
      client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
    });
  }

  /** The page connects again: 1001 says that the server is going away (RFC 6455 section 7.4.1). */
  close() {
    for (const client of this.#server.clients) client.close(1001, 'restart');
  }
}
