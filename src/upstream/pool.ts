/** The connections to one upstream, which outlive a reload that does not touch it. */

import type { Pool } from 'undici';
import { createPool } from './connection.ts';

export class HeldPool {
  readonly pool: Pool;
  #holders = 1;

  constructor(origin: string, connectTimeout: number) {
    this.pool = createPool(origin, connectTimeout);
  }

  /** @returns this pool, for a further holder. */
  retain(): this {
    this.#holders += 1;
    return this;
  }

  /** The last holder closes the connections, once the requests on them have finished. */
  async release(): Promise<void> {
    this.#holders -= 1;
    if (this.#holders === 0 && !this.pool.destroyed) await this.pool.close();
  }

  async destroy(): Promise<void> {
    await this.pool.destroy();
  }
}
