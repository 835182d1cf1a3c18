/** An upstream that does exactly what a test says, byte by byte. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface UpstreamConnection {
  readonly socket: Socket;
  /** Everything that came. */
  received: string;
  isEnded: boolean;
}

export class ScriptedUpstream {
  readonly #server = createServer({ allowHalfOpen: true, noDelay: true });
  /** In the order in which they were opened. */
  readonly connections: UpstreamConnection[] = [];
  /** Called with what has come of a connection whenever more comes. */
  onData: (connection: UpstreamConnection, piece: string) => void = () => undefined;
  /** Called when a connection was opened. */
  onOpen: (connection: UpstreamConnection) => void = () => undefined;

  /** On 127.0.0.1. */
  static async listen(): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream();
    upstream.#server.on('connection', socket => upstream.#track(socket));
    upstream.#server.listen(0, '127.0.0.1');
    await once(upstream.#server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Answers each head that ends a piece, which is each request without a body. */
  answer(bytes: string): void {
    this.onData = ({ socket }, piece) => {
      if (piece.endsWith('\r\n\r\n')) socket.write(bytes, 'latin1');
    };
  }

  /** Ends all connections and forgets them. */
  async reset(): Promise<void> {
    const open = this.connections.splice(0).filter(({ socket }) => !socket.destroyed);
    const closed = open.map(({ socket }) => once(socket, 'close'));
    for (const { socket } of open) socket.destroy();
    await Promise.all(closed);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { socket } of this.connections) socket.destroy();
    await closed;
  }

  #track(socket: Socket): void {
    const connection: UpstreamConnection = { socket, received: '', isEnded: false };
    this.connections.push(connection);
    socket.setEncoding('latin1').on('data', (piece: unknown) => {
      connection.received += piece as string;
      this.onData(connection, piece as string);
    });
    socket
      .on('error', () => socket.destroy())
      .on('end', () => {
        connection.isEnded = true;
      });
    this.onOpen(connection);
  }
}
