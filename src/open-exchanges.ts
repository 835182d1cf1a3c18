/** The requests that are being forwarded for a token: a token that is revoked meanwhile ends them. */

import type { RevokedTokens } from './config/revoked/revoked-tokens.ts';
import { eachInSlices } from './time-slices.ts';
import { isRevoked } from './token/revocation.ts';
import type { Transaction } from './transaction.ts';

const NOTHING_YET = () => undefined;

export class OpenExchanges {
  /** As many as there are connections, at most; with what ends each. */
  readonly #open = new Map<Transaction, () => void>();

  /** To be called before it is forwarded. A request without a token that somebody vouches for cannot be revoked. */
  add(transaction: Transaction): void {
    if (transaction.vouched?.claims) this.#open.set(transaction, NOTHING_YET);
  }

  /** From now on `end` ends it, unless it is over already. */
  endBy(transaction: Transaction, end: () => void): void {
    if (this.#open.has(transaction)) this.#open.set(transaction, end);
  }

  /** To be called when it is over. */
  delete(transaction: Transaction): void {
    this.#open.delete(transaction);
  }

  /** Ends those whose token is revoked. In slices, since each is written to: requests are served in between. */
  async endRevoked(revoked: RevokedTokens): Promise<void> {
    if (revoked.size === 0) return;
    await eachInSlices(this.#open, ([transaction, end]) => {
      if (transaction.vouched && isRevoked(revoked, transaction.vouched)) end();
    });
  }
}
