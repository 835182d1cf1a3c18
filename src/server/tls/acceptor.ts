/** Makes accepted connections secure. What is under way counts as a connection: `limits.connections` bounds it. */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ListenerTls } from '../../config/listener-config.ts';
import type { Sweeper } from '../../http/sweeper.ts';
import type { HandshakeFailure } from '../../telemetry/metrics/connection-causes.ts';
import { ServerCertificates } from './certificates.ts';
import { Handshake } from './handshake.ts';
import type { TicketKeys } from './ticket-keys.ts';

export interface AcceptorEvents {
  readonly onSecure: (socket: TLSSocket) => void;
  readonly onFailure: (cause: HandshakeFailure) => void;
}

export class TlsAcceptor {
  readonly #sweeper: Sweeper;
  readonly #ticketKeys: TicketKeys;
  readonly #events: AcceptorEvents;
  readonly #underWay = new Set<Handshake>();
  #tls: ListenerTls | undefined;
  /** Milliseconds for a handshake. */
  #time = 0;
  #certificates: ServerCertificates | undefined;
  /** Of the ticket keys that `#certificates` has. */
  #period = 0;

  constructor(sweeper: Sweeper, ticketKeys: TicketKeys, events: AcceptorEvents) {
    this.#sweeper = sweeper;
    this.#ticketKeys = ticketKeys;
    this.#events = events;
  }

  /**
   * For connections that are accepted from now on. Sessions are resumed across this, since the ticket keys stay.
   *
   * @param tls `undefined`: there is none, and `accept` must not be called.
   */
  use(tls: ListenerTls | undefined, time: number): void {
    this.#tls = tls;
    this.#time = time;
    this.#certificates = undefined;
  }

  /** @param raw just accepted, half-open connections allowed. */
  accept(raw: Socket): void {
    const certificates = this.#currentCertificates();
    const handshake = new Handshake(raw, certificates, this.#time, {
      onSecure: (ended, socket) => {
        this.#remove(ended);
        this.#events.onSecure(socket);
      },
      onFailure: this.#events.onFailure,
      onClose: ended => this.#remove(ended),
    });
    this.#underWay.add(handshake);
    this.#sweeper.add(handshake);
  }

  /** Closes the connections that have not sent a byte. */
  closeSilent(): void {
    for (const handshake of this.#underWay) if (handshake.isSilent) handshake.destroy();
  }

  /** Closes the connections whose handshake is not complete. */
  destroy(): void {
    for (const handshake of this.#underWay) handshake.destroy();
  }

  #currentCertificates(): ServerCertificates {
    const now = Date.now();
    const period = this.#ticketKeys.periodAt(now);
    if (this.#certificates && period === this.#period) return this.#certificates;
    if (!this.#tls) throw new Error('no certificate');
    this.#period = period;
    this.#certificates = new ServerCertificates(this.#tls, this.#ticketKeys.keyAt(now));
    return this.#certificates;
  }

  #remove(handshake: Handshake): void {
    this.#underWay.delete(handshake);
    this.#sweeper.remove(handshake);
  }
}
