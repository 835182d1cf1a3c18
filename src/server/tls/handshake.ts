/**
 * One connection of a TLS listener until it is secure. Its first byte is looked at before TLS reads it, since OpenSSL leaves no way
 * to answer plain HTTP.
 *
 * `secure` and `_tlsError` are the events by which the server of node:tls itself follows a handshake. It is not used, because it ties
 * a connection to the time-out and the certificates that it was created with.
 */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Deadline } from '../../http/deadline.ts';
import { LINGER_TIME } from '../../http/server/lingering-close.ts';
import type { Swept } from '../../http/sweeper.ts';
import type { HandshakeFailure } from '../../telemetry/metrics/connection-causes.ts';
import type { ServerCertificates } from './certificates.ts';
import { findHandshakeFailure } from './handshake-failure.ts';
import { isPlainHttp, replyInPlain } from './plain-reply.ts';

/** The content type of a handshake's records (RFC 8446 section 5.1). */
const HANDSHAKE_RECORD = 22;
const PROTOCOLS = ['http/1.1'];

export interface HandshakeEvents {
  /** It is complete. The handshake no longer listens to either socket. */
  onSecure(handshake: Handshake, socket: TLSSocket): void;
  /** Told once, unless the client leaves before its first byte; the connection is closed, or about to be. */
  onFailure(cause: HandshakeFailure): void;
  /** The connection has closed before it was secure. */
  onClose(handshake: Handshake): void;
}

export class Handshake implements Swept {
  readonly #raw: Socket;
  readonly #certificates: ServerCertificates;
  readonly #events: HandshakeEvents;
  readonly #deadline = new Deadline();
  /** It is complete, or its failure was told. */
  #isOver = false;

  /** @param raw just accepted, half-open connections allowed. @param time milliseconds for all of the handshake. */
  constructor(raw: Socket, certificates: ServerCertificates, time: number, events: HandshakeEvents) {
    this.#raw = raw;
    this.#certificates = certificates;
    this.#events = events;
    this.#deadline.start(time);
    raw
      .once('data', this.#onFirstBytes)
      .once('end', this.#onEnd)
      .on('error', this.#onError)
      .once('close', this.#onClose);
  }

  /** Whether the client has not sent a byte. */
  get isSilent(): boolean {
    return this.#raw.bytesRead === 0;
  }

  sweep(now: number): void {
    if (!this.#deadline.isPast(now)) return;
    this.#fail('timeout');
    this.destroy();
  }

  destroy(): void {
    this.#raw.destroy();
  }

  readonly #onFirstBytes = (bytes: Buffer): void => {
    if (bytes[0] === HANDSHAKE_RECORD) {
      this.#secure(bytes);
      return;
    }
    const isPlain = isPlainHttp(bytes);
    this.#fail(isPlain ? 'plain_http' : 'malformed');
    if (!isPlain) {
      this.destroy();
      return;
    }
    this.#deadline.start(LINGER_TIME);
    this.#raw.off('end', this.#onEnd);
    replyInPlain(this.#raw);
  };

  #secure(first: Buffer): void {
    this.#raw.pause().off('end', this.#onEnd).unshift(first);
    const socket = new TLSSocket(this.#raw, {
      isServer: true,
      secureContext: this.#certificates.first,
      ALPNProtocols: PROTOCOLS,
      SNICallback: (name, done) => this.#choose(name, done),
    });
    socket
      .on('error', this.#onError)
      .once('end', this.#onEnd)
      .once('secure', () => this.#finish(socket));
  }

  /** Called by OpenSSL, which must not get an exception. */
  #choose(name: string, done: (error: Error | null, context?: ServerCertificates['first']) => void): void {
    try {
      done(null, this.#certificates.find(name));
    } catch {
      done(new Error('the certificate cannot be used'));
    }
  }

  #finish(socket: TLSSocket): void {
    this.#isOver = true;
    this.#raw.off('close', this.#onClose);
    socket.off('error', this.#onError).off('end', this.#onEnd);
    // A record that cannot be read, such as an alert.
    socket.on('_tlsError', () => socket.destroy());
    this.#events.onSecure(this, socket);
  }

  #fail(cause: HandshakeFailure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onFailure(cause);
  }

  /** Half-open connections are allowed, so the end of one does not close it. */
  readonly #onEnd = (): void => this.destroy();

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (!this.isSilent) this.#fail(findHandshakeFailure(error.code));
    this.destroy();
  };

  readonly #onClose = (): void => {
    if (!this.isSilent) this.#fail('client_gone');
    this.#events.onClose(this);
  };
}
