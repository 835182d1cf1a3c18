/** Which certificate a client gets: the one with the name that it asks for (SNI, RFC 6066 section 3). */

import type { SecureContext } from 'node:tls';
import type { ListenerCertificate, ListenerTls } from '../../config/listener-config.ts';
import { createServerContext } from '../../http/server/tls-context.ts';

export class ServerCertificates {
  readonly #tls: ListenerTls;
  readonly #ticketKeys: Buffer;
  readonly #byName = new Map<string, ListenerCertificate>();
  /** Made when the first client needs it: a list may be long. */
  readonly #contexts = new Map<ListenerCertificate, SecureContext>();

  constructor(tls: ListenerTls, ticketKeys: Buffer) {
    this.#tls = tls;
    this.#ticketKeys = ticketKeys;
    for (const certificate of tls.certificates) {
      for (const name of certificate.names) {
        if (!this.#byName.has(name)) this.#byName.set(name, certificate);
      }
    }
  }

  /** For a client that asks for no name. */
  get first(): SecureContext {
    return this.#contextOf(this.#tls.certificates[0]);
  }

  /**
   * @param name that the client asks for.
   * @returns the context of the certificate with this very name, else with a wildcard for its first label (RFC 9525 section
   *   6.3), else of the first one.
   */
  find(name: string): SecureContext {
    const lower = name.toLowerCase();
    const wildcard = `*${lower.slice(Math.max(0, lower.indexOf('.')))}`;
    const found = this.#byName.get(lower) ?? this.#byName.get(wildcard);
    return this.#contextOf(found ?? this.#tls.certificates[0]);
  }

  #contextOf(certificate: ListenerCertificate): SecureContext {
    const known = this.#contexts.get(certificate);
    if (known) return known;
    const { cert, key } = certificate;
    const context = createServerContext({
      ...{ cert, key, minVersion: this.#tls.minVersion, ticketKeys: this.#ticketKeys },
    });
    this.#contexts.set(certificate, context);
    return context;
  }
}
