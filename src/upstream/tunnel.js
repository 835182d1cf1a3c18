/** An open WebSocket: bytes both ways until one side ends, the token expires, the idle time is over, or the gateway drains. */
import { startTimer } from './timer.js';
import { createCloseFrame, FrameTracker } from './websocket-frames.js';
/** Why the gateway ended it, and the close code that the client gets for it (RFC 6455 section 7.4.1). */
export const CLOSE_CODES = { token_expired: 1008, idle_tunnel: 1001, drain: 1001 };
/** Milliseconds for the client to read its close frame, and for the upstream to finish the frame that it is sending. */
const CLOSE_TIME = 1_000;
export class Tunnel {
    /** Settles when both sides have closed, with the reason where the gateway ended it. */
    closed;
    client;
    #upstream;
    #frames = new FrameTracker();
    #end;
    #isCloseSent = false;
    /**
     * @param idle milliseconds without a byte in either direction.
     * @param expiresAt when the token does, in milliseconds since 1970.
     */
    constructor(client, upstream, idle, expiresAt) {
        this.client = client;
        this.#upstream = upstream;
        upstream.on('data', this.#onUpstreamData);
        client.setTimeout(idle, () => this.end('idle_tunnel'));
        const expiry = expiresAt === undefined ? undefined : startTimer(expiresAt, () => this.end('token_expired'));
        this.closed = Promise.all([this.#endTogether(client, upstream), this.#endTogether(upstream, client)]).then(() => {
            expiry?.stop();
            return this.#end;
        });
    }
    /** Sends the client a close frame, between two frames of the upstream, and ends both sides. */
    end(why) {
        if (this.#end)
            return;
        this.#end = why;
        setTimeout(() => this.destroy(), CLOSE_TIME).unref();
        // No more of the client's bytes are forwarded, while the upstream may finish the frame that it is sending.
        this.client.unpipe(this.#upstream);
        this.client.resume();
        this.#upstream.unpipe(this.client);
        if (this.#frames.isBetweenFrames)
            this.#sendCloseFrame();
        else
            this.#upstream.resume();
    }
    /** Ends both sides at once. */
    destroy() {
        this.client.destroy();
        this.#upstream.destroy();
    }
    /** Runs beside http-proxy's pipe: follows the frames, and when the pipe was removed, forwards the rest of the last frame. */
    #onUpstreamData = (bytes) => {
        for (let at = 0; at < bytes.length && !this.#isCloseSent;) {
            const next = at + this.#frames.follow(bytes.subarray(at));
            if (this.#end)
                this.#forwardLastFrame(bytes.subarray(at, next));
            at = next;
        }
    };
    #forwardLastFrame(bytes) {
        this.client.write(bytes);
        if (this.#frames.isBetweenFrames)
            this.#sendCloseFrame();
    }
    #sendCloseFrame() {
        this.#isCloseSent = true;
        this.#upstream.off('data', this.#onUpstreamData);
        if (this.#end)
            this.client.end(createCloseFrame(CLOSE_CODES[this.#end]));
        this.#upstream.destroy();
    }
    /** When one side ends, in whatever way, the other is ended, after what was sent before it. */
    #endTogether(side, other) {
        side.on('error', () => side.destroy());
        // A WebSocket has no half-open state (RFC 6455 section 7.1.1).
        side.once('end', () => other.destroySoon());
        return new Promise(resolve => {
            side.once('close', () => {
                // After its close frame the client is about to end by itself.
                if (!(this.#end && other === this.client))
                    other.destroySoon();
                // An upstream that does not read would keep its side open for ever.
                if (side === this.client)
                    setTimeout(() => this.destroy(), CLOSE_TIME).unref();
                resolve();
            });
        });
    }
}
