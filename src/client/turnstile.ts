/**
 * One request of a connection at a time (RFC 9112 section 9.3.2). node:http hands over pipelined requests all at once, and
 * never tells of the responses that were still waiting when the connection closed.
 */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

interface Queue {
  /** Settles when the last one that came has been served. */
  last: Promise<void>;
  waiting: number;
  /** The one that is being served. */
  current: IncomingMessage | undefined;
}

/** More than any client pipelines in earnest. */
const LONGEST = 256;

export class Turnstile {
  readonly #queues = new WeakMap<Duplex, Queue>();
  readonly #onOverflow: () => void;

  /** @param onOverflow told when a connection is ended because too many of its requests wait. */
  constructor(onOverflow: () => void) {
    this.#onOverflow = onOverflow;
  }

  /** Calls `serve` when everything that came before on this connection has been served. Every one gets its turn. */
  enter(socket: Duplex, request: IncomingMessage, serve: () => Promise<void>): void {
    const queue = this.#queues.get(socket);
    if (!queue) {
      const begun: Queue = { last: Promise.resolve(), waiting: 1, current: request };
      this.#queues.set(socket, begun);
      begun.last = this.#take(socket, begun, request, serve);
      return;
    }
    queue.waiting += 1;
    queue.last = queue.last.then(() => this.#take(socket, queue, request, serve));
    if (queue.waiting > LONGEST && !socket.destroyed) {
      this.#onOverflow();
      socket.destroy();
    }
  }

  /** @returns the request that is being served on this connection. */
  current(socket: Duplex): IncomingMessage | undefined {
    return this.#queues.get(socket)?.current;
  }

  async #take(socket: Duplex, queue: Queue, request: IncomingMessage, serve: () => Promise<void>): Promise<void> {
    queue.current = request;
    try {
      await serve();
    } catch {
      // Not to be reached: faults are caught where they are served. Those who wait must not wait for ever.
      socket.destroy();
    }
    queue.waiting -= 1;
    queue.current = undefined;
    if (queue.waiting === 0) this.#queues.delete(socket);
  }
}
