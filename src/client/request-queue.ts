/**
 * One request of a connection at a time (RFC 9112 section 9.3.2). ParserInput sees to it that node:http hands over the next
 * one when it is its turn; one that ends the same piece of input as a body before it comes early, and waits here.
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

/** The one that is served, and one that waits. More come of nothing that is a request of HTTP/1. */
const LONGEST = 2;

export class Turnstile {
  readonly #queues = new WeakMap<Duplex, Queue>();
  readonly #onOverflow: () => void;
  readonly #onServed: (socket: Duplex) => void;

  /**
   * @param onOverflow told when a connection is ended because too many of its requests wait.
   * @param onServed told when a request has been served; the next one, if it waited, is current by then.
   */
  constructor(onOverflow: () => void, onServed: (socket: Duplex) => void) {
    this.#onOverflow = onOverflow;
    this.#onServed = onServed;
  }

  /** Serves `turn` when everything that came before on this connection has been served. One too many ends the connection. */
  enter(socket: Duplex, turn: Turn): void {
    const queue = this.#queues.get(socket) ?? this.#open(socket);
    if (queue.enter(turn) || socket.destroyed) return;
    this.#onOverflow();
    socket.destroy();
  }

  /** @returns what is being served on this connection. */
  current(socket: Duplex): Turn | undefined {
    return this.#queues.get(socket)?.current;
  }

  #open(socket: Duplex): Queue {
    const queue = new Queue(socket, this.#onServed);
    this.#queues.set(socket, queue);
    return queue;
  }
}

class Queue {
  current: Turn | undefined;
  readonly #socket: Duplex;
  readonly #onServed: (socket: Duplex) => void;
  readonly #waiting: Turn[] = [];

  constructor(socket: Duplex, onServed: (socket: Duplex) => void) {
    this.#socket = socket;
    this.#onServed = onServed;
  }

  /** @returns whether there is room for it. */
  enter(turn: Turn): boolean {
    if (!this.current) this.#serve(turn);
    else if (this.#waiting.length + 1 < LONGEST) this.#waiting.push(turn);
    else return false;
    return true;
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
    this.#onServed(this.#socket);
  };

  /** Not to be reached: faults are caught where they are served. Those who wait must not wait for ever. */
  readonly #fail = (): void => {
    this.#socket.destroy();
    this.#next();
  };
}
