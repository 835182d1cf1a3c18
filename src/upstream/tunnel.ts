/** An open WebSocket: bytes both ways until one side ends, the token expires, the idle time is over, or the gateway drains. */

import type { Socket } from 'node:net';
import { startTimer } from './timer.ts';
import { createCloseFrame, FrameTracker } from './websocket-frames.ts';

/** Why the gateway ended it, and the close code that the client gets for it (RFC 6455 section 7.4.1). */
export const CLOSE_CODES = { token_expired: 1008, token_revoked: 1008, idle_tunnel: 1001, drain: 1001 } as const;
export type TunnelEnd = keyof typeof CLOSE_CODES;

/** Milliseconds for the client to read its close frame, and for the upstream to finish the frame that it is sending. */
const CLOSE_TIME = 1_000;

export class Tunnel {
  /** Settles when both sides have closed, with the reason where the gateway ended it. */
  readonly closed: Promise<TunnelEnd | undefined>;
  readonly client: Socket;
  readonly #upstream: Socket;
  readonly #frames = new FrameTracker();
  #end: TunnelEnd | undefined;
  #isCloseSent = false;
  /** Bytes of the client's connection before it became a tunnel. */
  readonly #readBefore: number;
  readonly #writtenBefore: number;

  /**
   * @param early bytes that the client sent behind its handshake.
   * @param idle milliseconds without a byte in either direction.
   * @param expiresAt when the token does, in milliseconds since 1970.
   */
  constructor(client: Socket, early: number, upstream: Socket, idle: number, expiresAt: number | undefined) {
    this.client = client;
    this.#upstream = upstream;
    this.#readBefore = client.bytesRead - early;
    this.#writtenBefore = client.bytesWritten;
    upstream.on('data', this.#onUpstreamData);
    client.setTimeout(idle, () => this.end('idle_tunnel'));
    const expiry = expiresAt === undefined ? undefined : startTimer(expiresAt, () => this.end('token_expired'));
    this.closed = Promise.all([this.#endTogether(client, upstream), this.#endTogether(upstream, client)]).then(() => {
      expiry?.stop();
      return this.#end;
    });
  }

  /** Bytes from the client and to the client so far, with the framing of WebSocket. */
  get traffic(): { readonly received: number; readonly sent: number } {
    const { bytesRead, bytesWritten } = this.client;
    return { received: bytesRead - this.#readBefore, sent: bytesWritten - this.#writtenBefore };
  }

  /** Sends the client a close frame, between two frames of the upstream, and ends both sides. */
  end(why: TunnelEnd): void {
    if (this.#end) return;
    this.#end = why;
    setTimeout(() => this.destroy(), CLOSE_TIME).unref();
    // No more of the client's bytes are forwarded, while the upstream may finish the frame that it is sending.
    this.client.unpipe(this.#upstream);
    this.client.resume();
    this.#upstream.unpipe(this.client);
    if (this.#frames.isBetweenFrames) this.#sendCloseFrame();
    else this.#upstream.resume();
  }

  /** Ends both sides at once. */
  destroy(): void {
    this.client.destroy();
    this.#upstream.destroy();
  }

  /** Runs beside http-proxy's pipe: follows the frames, and when the pipe was removed, forwards the rest of the last frame. */
  readonly #onUpstreamData = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length && !this.#isCloseSent; ) {
      const next = at + this.#frames.follow(bytes.subarray(at));
      if (this.#end) this.#forwardLastFrame(bytes.subarray(at, next));
      at = next;
    }
  };

  #forwardLastFrame(bytes: Buffer): void {
    this.client.write(bytes);
    if (this.#frames.isBetweenFrames) this.#sendCloseFrame();
  }

  #sendCloseFrame(): void {
    this.#isCloseSent = true;
    this.#upstream.off('data', this.#onUpstreamData);
    if (this.#end) this.client.end(createCloseFrame(CLOSE_CODES[this.#end]));
    this.#upstream.destroy();
  }

  /** When one side ends, in whatever way, the other is ended, after what was sent before it. */
  #endTogether(side: Socket, other: Socket): Promise<void> {
    side.on('error', () => side.destroy());
    // A WebSocket has no half-open state (RFC 6455 section 7.1.1).
    side.once('end', () => other.destroySoon());
    return new Promise(resolve => {
      side.once('close', () => {
        // After its close frame the client is about to end by itself.
        if (!(this.#end && other === this.client)) other.destroySoon();
        // An upstream that does not read would keep its side open for ever.
        if (side === this.client) setTimeout(() => this.destroy(), CLOSE_TIME).unref();
        resolve();
      });
    });
  }
}
