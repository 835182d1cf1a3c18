/**
 * The connections to one upstream: as many as there are requests at once. One that is used again is looked at first: what the
 * operating system has of it is read before the request is written, so that unsolicited bytes are not taken for its
 * response, and an end is not written into (RFC 9112 sections 9.2 and 9.3.1).
 */

import type { Socket } from 'node:net';
import type { AttemptHandler, OutgoingRequest } from '../message.ts';
import type { Sweeper } from '../sweeper.ts';
import { Attempt, type AttemptTimes } from './attempt.ts';
import { ClientConnection } from './connection.ts';
import type { ConnectionEvents, ConnectionLimits } from './connection-events.ts';
import type { Connector } from './connector.ts';
import { ReservedConnections } from './reserved-connections.ts';

export interface PoolOptions extends ConnectionLimits {
  readonly connect: Connector;
  readonly sweeper: Sweeper;
  /** A connection has had bytes that no request asked for, and is closed. */
  readonly onUnsolicited?: () => void;
}

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** @returns whether a request may be sent once more where it is not known what became of it: one without a body that is idempotent. */
export function mayRepeat({ method, body }: Pick<OutgoingRequest, 'method' | 'body'>): boolean {
  return IDEMPOTENT.has(method) && (body === 'none' || body === 0);
}

export class Pool implements ConnectionEvents<ClientConnection> {
  readonly #options: PoolOptions;
  readonly #all = new Set<ClientConnection>();
  /** Free for the next request; the one that served last is at the end. */
  readonly #idle: ClientConnection[] = [];
  /** Free from the next turn of the event loop on. */
  #resting: ClientConnection[] = [];
  /** Sent when this turn has read what there is to read. */
  #waiting: (readonly [Attempt, ClientConnection])[] = [];
  #isTurnPlanned = false;
  readonly #reserved = new ReservedConnections();
  #isClosing = false;
  readonly #closed: (() => void)[] = [];

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Open connections, and those being opened. */
  get size(): number {
    return this.#all.size;
  }

  get idle(): number {
    return this.#idle.length + this.#resting.length;
  }

  /**
   * Sends the head of a request, on a connection that is free or on a new one. Its body is written to what is returned.
   *
   * @param owner the client's connection: one that is reserved for it is used, if there is one.
   * @throws TypeError where the request cannot be sent as what it is: a fault of the caller's.
   */
  send(request: OutgoingRequest, handler: AttemptHandler, times: AttemptTimes, owner?: Socket): Attempt {
    const attempt = new Attempt(request, handler, times, this.#options.idle === 0);
    const free = (owner && this.#reserved.find(owner)) ?? this.#takeIdle();
    if (free) this.#waiting.push([attempt, free]);
    else this.#open().send(attempt);
    if (free) this.#planTurn();
    return attempt;
  }

  /** @returns whether a connection is reserved for this client, and free. */
  isReservedFor(owner: Socket): boolean {
    return this.#reserved.find(owner) !== undefined;
  }

  /** Closes what is idle, now and from now on. Settles when the last connection has closed. */
  close(): Promise<void> {
    this.#isClosing = true;
    for (const connection of this.#all) if (connection.isIdle) connection.destroy();
    return new Promise(resolve => {
      if (this.#all.size === 0) resolve();
      else this.#closed.push(resolve);
    });
  }

  /** Ends everything that is under way. */
  destroy(): void {
    this.#isClosing = true;
    for (const connection of this.#all) connection.destroy();
  }

  onIdle(connection: ClientConnection): void {
    if (this.#isClosing) {
      connection.destroy();
      return;
    }
    if (this.#reserved.has(connection)) return;
    this.#resting.push(connection);
    this.#planTurn();
  }

  onReserved(connection: ClientConnection, owner: Socket): void {
    this.#reserved.add(connection, owner);
  }

  onUnsolicited(connection: ClientConnection): void {
    connection.abort();
    this.#options.onUnsolicited?.();
  }

  onClose(connection: ClientConnection): void {
    this.#all.delete(connection);
    this.#reserved.delete(connection);
    this.#options.sweeper.remove(connection);
    const index = this.#idle.lastIndexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    if (this.#all.size === 0) for (const resolve of this.#closed.splice(0)) resolve();
  }

  #takeIdle(): ClientConnection | undefined {
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (connection.isIdle) return connection;
    }
    return undefined;
  }

  #open(): ClientConnection {
    const connection = new ClientConnection(this.#options.connect(), this.#options, this);
    this.#all.add(connection);
    this.#options.sweeper.add(connection);
    return connection;
  }

  /** One for all of them: `setImmediate` runs when everything that was ready to be read has been read. */
  #planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    setImmediate(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#isTurnPlanned = false;
    const waiting = this.#waiting;
    const rested = this.#resting;
    this.#waiting = [];
    this.#resting = [];
    for (const [attempt, connection] of waiting) this.#sendChecked(attempt, connection);
    for (const connection of rested) this.#keep(connection);
  };

  #sendChecked(attempt: Attempt, connection: ClientConnection): void {
    if (attempt.isOver) {
      this.#keep(connection);
      return;
    }
    // One that has ended may take nothing: then nothing was sent, and any request may go to another one.
    let free = connection.isIdle ? connection : this.#takeIdle();
    while (free && !free.send(attempt)) free = this.#takeIdle();
    if (!free) this.#open().send(attempt);
  }

  #keep(connection: ClientConnection): void {
    if (this.#isClosing) connection.destroy();
    else if (connection.isIdle && !this.#reserved.has(connection)) this.#idle.push(connection);
  }
}
