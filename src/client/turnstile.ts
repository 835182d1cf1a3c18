/**
 * One request of a connection at a time (RFC 9112 section 9.3.2). node:http hands over pipelined requests all at once, and
 * never tells of the responses that were still waiting when the connection closed.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** One request, and what serves it when its turn has come. */
export interface Turn {
  readonly request: IncomingMessage;
  /** Absent where the connection is no longer one of HTTP. */
  readonly response?: ServerResponse;
  readonly serve: () => Promise<void>;
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

  /** Serves `turn` when everything that came before on this connection has been served. Every one gets its turn. */
  enter(socket: Duplex, turn: Turn): void {
    const queue = this.#queues.get(socket) ?? this.#open(socket);
    if (queue.enter(turn) <= LONGEST || socket.destroyed) return;
    this.#onOverflow();
    socket.destroy();
  }

  /** @returns what is being served on this connection. */
  current(socket: Duplex): Turn | undefined {
    return this.#queues.get(socket)?.current;
  }

  #open(socket: Duplex): Queue {
    const queue = new Queue(socket);
    this.#queues.set(socket, queue);
    return queue;
  }
}

class Queue {
  current: Turn | undefined;
  readonly #socket: Duplex;
  readonly #waiting: Turn[] = [];

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** @returns how many there are now, with the one that is being served. */
  enter(turn: Turn): number {
    if (this.current) return this.#waiting.push(turn) + 1;
    this.#serve(turn);
    return 1;
  }

  #serve(turn: Turn): void {
    this.current = turn;
    try {
      turn.serve().then(this.#next, this.#fail);
    } catch {
      this.#fail();
    }
  }

  readonly #next = (): void => {
    this.current = undefined;
    const next = this.#waiting.shift();
    if (next) this.#serve(next);
  };

  /** Not to be reached: faults are caught where they are served. Those who wait must not wait for ever. */
  readonly #fail = (): void => {
    this.#socket.destroy();
    this.#next();
  };
}
