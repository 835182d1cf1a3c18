/** A WebSocket that stands: bytes both ways until one side ends, the token expires, nothing moves, or the gateway drains. */

import type { Socket } from 'node:net';
import { startTimer } from './timer.ts';
import { createCloseFrame, FrameTracker } from './websocket-frames.ts';

/** Why the gateway ended it: the close code that the client is told (RFC 6455 section 7.4.1). */
export const CLOSE_CODES = { token_expired: 1008, idle_tunnel: 1001, drain: 1001 } as const;
export type TunnelEnd = keyof typeof CLOSE_CODES;

/** Time for the client to take its close frame, and for the upstream to finish the frame that it is in. */
const FAREWELL = 1_000;

export class Tunnel {
  /** Settles when both sides have ended: why, where it was us. */
  readonly closed: Promise<TunnelEnd | undefined>;
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #frames = new FrameTracker();
  #end: TunnelEnd | undefined;
  #hasLeft = false;

  /**
   * @param idle milliseconds without a byte in either direction.
   * @param expiresAt when the token does, in milliseconds since 1970.
   */
  constructor(client: Socket, upstream: Socket, idle: number, expiresAt: number | undefined) {
    this.#client = client;
    this.#upstream = upstream;
    upstream.on('data', this.#onUpstreamData);
    client.setTimeout(idle, () => this.end('idle_tunnel'));
    const expiry = expiresAt === undefined ? undefined : startTimer(expiresAt, () => this.end('token_expired'));
    this.closed = Promise.all([this.#tie(client, upstream), this.#tie(upstream, client)]).then(() => {
      expiry?.stop();
      return this.#end;
    });
  }

  /** Tells the client why, between two frames, and ends both sides. */
  end(why: TunnelEnd): void {
    if (this.#end) return;
    this.#end = why;
    setTimeout(() => this.destroy(), FAREWELL).unref();
    // Nothing of the client's is passed on any more, while the upstream may finish the frame that it is in.
    this.#client.unpipe(this.#upstream);
    this.#client.resume();
    this.#upstream.unpipe(this.#client);
    if (this.#frames.isBetweenFrames) this.#sayGoodbye();
    else this.#upstream.resume();
  }

  /** Ends both sides at once. */
  destroy(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  /** Beside http-proxy's pipe: follows the frames, and once it is cut, hands on the rest of the last one. */
  readonly #onUpstreamData = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length && !this.#hasLeft; ) {
      const next = at + this.#frames.follow(bytes.subarray(at));
      if (this.#end) this.#handOnLast(bytes.subarray(at, next));
      at = next;
    }
  };

  #handOnLast(bytes: Buffer): void {
    this.#client.write(bytes);
    if (this.#frames.isBetweenFrames) this.#sayGoodbye();
  }

  #sayGoodbye(): void {
    this.#hasLeft = true;
    this.#upstream.off('data', this.#onUpstreamData);
    if (this.#end) this.#client.end(createCloseFrame(CLOSE_CODES[this.#end]));
    this.#upstream.destroy();
  }

  /** Either side's end, however it comes, ends the other; what was sent before it is still handed on. */
  #tie(side: Socket, other: Socket): Promise<void> {
    side.on('error', () => side.destroy());
    // A WebSocket has no half-open state that anybody could use.
    side.once('end', () => other.destroySoon());
    return new Promise(resolve => {
      side.once('close', () => {
        // After a goodbye the client is about to end by itself.
        if (!(this.#end && other === this.#client)) other.destroySoon();
        // An upstream that does not read would keep what nobody sends any more.
        if (side === this.#client) setTimeout(() => this.destroy(), FAREWELL).unref();
        resolve();
      });
    });
  }
}
