/** A client on a bare socket that keeps what comes back. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parseResponses, type RawResponse } from '../support/raw-http.ts';

export class RawClient {
  readonly socket: Socket;
  /** Joined when they are looked at. */
  #pieces: Buffer[] = [];
  length = 0;
  isEnded = false;
  isReset = false;
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', piece => {
      this.#pieces.push(piece);
      this.length += piece.length;
    });
    socket.on('end', () => {
      this.isEnded = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') this.isReset = true;
    });
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** @param sent bytes, one Latin-1 character each. */
  static async open(port: number, sent = ''): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    const client = new RawClient(socket);
    await once(socket, 'connect');
    if (sent !== '') client.send(sent);
    return client;
  }

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  get received(): Buffer {
    const [first, ...others] = this.#pieces;
    if (others.length > 0) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] ?? first ?? Buffer.alloc(0);
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  /** @param methods of the requests: what answers a HEAD has no body. */
  responses(methods: readonly string[] = []): RawResponse[] {
    return parseResponses(this.received, { open: !this.isEnded, methods });
  }

  /** Waits for so many whole responses. */
  async wholeResponses(count: number, methods: readonly string[] = []): Promise<RawResponse[]> {
    await until(
      () => this.responses(methods).filter(({ complete }) => complete).length >= count,
      () => this.text,
    );
    return this.responses(methods);
  }

  async closed(): Promise<void> {
    await until(
      () => this.isEnded || this.isClosed,
      () => this.text,
    );
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Waits until `condition` holds, for a while, since the machine may do other things. */
export async function until(condition: () => boolean, describe: () => string = () => ''): Promise<number> {
  const startedAt = performance.now();
  for (let looks = 0; !condition(); looks += 1) {
    if (performance.now() - startedAt > 45_000) throw new Error(`it does not happen; ${describe().slice(0, 300)}`);
    await new Promise(resolve => setTimeout(resolve, looks < 20 ? 1 : 5));
  }
  return performance.now() - startedAt;
}

export const pause = (milliseconds: number) => new Promise<void>(resolve => setTimeout(resolve, milliseconds));
