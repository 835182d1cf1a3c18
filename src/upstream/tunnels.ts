/** The open WebSockets of one configuration. */

import type { Tunnel, TunnelEnd } from './tunnel.ts';

export class Tunnels {
  readonly #open = new Set<Tunnel>();
  #isDraining = false;

  /** Registers a tunnel for `drain`. @returns settles when it has closed, with the reason where the gateway ended it. */
  async waitForClose(tunnel: Tunnel): Promise<TunnelEnd | undefined> {
    this.#open.add(tunnel);
    if (this.#isDraining) tunnel.end('drain');
    const end = await tunnel.closed;
    this.#open.delete(tunnel);
    return end;
  }

  /** Sends every client a close frame, and from now on each new one at once: its handshake may be under way. */
  drain(): void {
    this.#isDraining = true;
    for (const tunnel of this.#open) tunnel.end('drain');
  }

  /** Closes every tunnel at once. */
  destroy(): void {
    for (const tunnel of this.#open) tunnel.destroy();
  }
}
