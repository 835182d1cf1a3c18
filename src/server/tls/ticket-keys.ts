/**
 * The key that session tickets are encrypted with (RFC 5077, RFC 8446 section 2.2). All workers of a gateway have the same one at the
 * same time, without asking each other: the next is made of the one before, by the clock. A key cannot be made of a later one, so what
 * is read from the memory of a process opens no ticket of an earlier period.
 */

import { hkdfSync, randomBytes } from 'node:crypto';

/** Where the keys of several processes begin. Sent between processes as JSON. */
export interface TicketSeed {
  /** Counted from 1970. */
  readonly period: number;
  /** A secret, in base64. */
  readonly secret: string;
}

/** Milliseconds for which one key is used. A ticket of the period before is not accepted: its client makes a full handshake. */
const PERIOD = 12 * 3_600_000;
/** Bytes: a name, a key for HMAC and one for AES, of 16 each, as node:tls takes them. */
const KEY_SIZE = 48;
const SECRET_SIZE = 32;

export class TicketKeys {
  #period: number;
  #secret: Buffer;

  /** @param seed of the processes with which keys are shared; by default of this process alone. */
  constructor(seed?: TicketSeed) {
    this.#period = seed?.period ?? periodAt(Date.now());
    this.#secret = seed ? Buffer.from(seed.secret, 'base64') : randomBytes(SECRET_SIZE);
  }

  /** For another process, which has the same keys from now on. */
  get seed(): TicketSeed {
    this.#advance(Date.now());
    return { period: this.#period, secret: this.#secret.toString('base64') };
  }

  /** @returns the number of the period at `now`. A clock that is set back does not bring an earlier one back. */
  periodAt(now: number): number {
    return Math.max(this.#period, periodAt(now));
  }

  /** @returns the key at `now`, in milliseconds since 1970. */
  keyAt(now: number): Buffer {
    this.#advance(now);
    return derive(this.#secret, 'audgate ticket key', KEY_SIZE);
  }

  #advance(now: number): void {
    const period = this.periodAt(now);
    while (this.#period < period) {
      this.#secret = derive(this.#secret, 'audgate next period', SECRET_SIZE);
      this.#period += 1;
    }
  }
}

function periodAt(now: number): number {
  return Math.floor(now / PERIOD);
}

/** RFC 5869. */
function derive(secret: Buffer, purpose: string, size: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, size));
}
