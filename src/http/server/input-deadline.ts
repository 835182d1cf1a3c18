/** By when a client must send what is waited for: a head, or the next piece of a body. */

import { Deadline } from '../deadline.ts';
import { LINGER_TIME } from './lingering-close.ts';
import type { ServerSettings } from './server-context.ts';

export class InputDeadline extends Deadline {
  /** Of the request under way, or of the last one. */
  #settings: ServerSettings;
  /** Milliseconds for the next piece of the body. */
  #bodyTime = 0;

  /** Begins with the wait for the first head of a connection. */
  constructor(settings: ServerSettings) {
    super();
    this.#settings = settings;
    this.start(settings.timeouts.headers);
  }

  /** Milliseconds for the client to take what it is sent. */
  get patience(): number {
    return this.#settings.timeouts.body;
  }

  /** For the rest of a head. */
  awaitHead({ timeouts }: ServerSettings): void {
    this.startAtMost(timeouts.headers);
  }

  /** For the first byte of the next request. */
  awaitRequest({ timeouts }: ServerSettings): void {
    this.start(timeouts.keepAlive);
  }

  /** A request is under way, with its own settings until it has ended. */
  begin(settings: ServerSettings): void {
    this.#settings = settings;
    this.#bodyTime = this.patience;
    this.stop();
  }

  /** @param time milliseconds for each piece, also of those that follow. */
  awaitBody(time = this.#bodyTime): void {
    this.#bodyTime = time;
    this.start(time);
  }

  /** For the rest of what is dropped. */
  linger(): void {
    this.start(LINGER_TIME);
  }
}
