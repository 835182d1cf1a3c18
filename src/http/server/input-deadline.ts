/** By when a client must send what is waited for: a head, or the next piece of a body. */

import { NEVER } from '../sweeper.ts';
import { LINGER_TIME } from './lingering-close.ts';
import type { ServerSettings } from './server-context.ts';

export class InputDeadline {
  /** Of the request under way, or of the last one. */
  #settings: ServerSettings;
  /** Milliseconds for the next piece of the body. */
  #bodyTime = 0;
  /** By `performance.now()`. */
  #at: number;

  /** Begins with the wait for the first head of a connection. */
  constructor(settings: ServerSettings) {
    this.#settings = settings;
    this.#at = performance.now() + settings.timeouts.headers;
  }

  /** Milliseconds for the client to take what it is sent. */
  get patience(): number {
    return this.#settings.timeouts.body;
  }

  isPast(now: number): boolean {
    return now >= this.#at;
  }

  /** Nothing is waited for. */
  stop(): void {
    this.#at = NEVER;
  }

  /** For the rest of a head. */
  awaitHead({ timeouts }: ServerSettings): void {
    this.#at = Math.min(this.#at, performance.now() + timeouts.headers);
  }

  /** For the first byte of the next request. */
  awaitRequest({ timeouts }: ServerSettings): void {
    this.#at = performance.now() + timeouts.keepAlive;
  }

  /** A request is under way, with its own settings until it has ended. */
  begin(settings: ServerSettings): void {
    this.#settings = settings;
    this.#bodyTime = this.patience;
    this.#at = NEVER;
  }

  /** @param time milliseconds for each piece, also of those that follow. */
  awaitBody(time = this.#bodyTime): void {
    this.#bodyTime = time;
    this.#at = performance.now() + time;
  }

  /** For the rest of what is dropped. */
  linger(): void {
    this.#at = performance.now() + LINGER_TIME;
  }
}
