/** Where one WebSocket frame ends and the next begins (RFC 6455 section 5.2), and the frame that closes (section 5.5.1). */
/** Follows the frames of one direction without keeping any of them. */
export class FrameTracker {
    /** Bytes of the current frame's payload that are still to come. */
    #payload = 0;
    /** The header of the current frame, as far as it has come: 14 bytes at the most. */
    #header = [];
    /** @returns whether what has been followed so far ends with a whole frame. */
    get isBetweenFrames() {
        return this.#payload === 0 && this.#header.length === 0;
    }
    /**
     * Follows `bytes` until the first end of a frame in them, or all of them.
     *
     * @returns how many were followed.
     */
    follow(bytes) {
        let at = 0;
        do {
            at = this.#payload > 0 ? this.#skipPayload(bytes, at) : this.#readHeader(bytes, at);
        } while (at < bytes.length && !this.isBetweenFrames);
        return at;
    }
    #skipPayload(bytes, at) {
        const skipped = Math.min(this.#payload, bytes.length - at);
        this.#payload -= skipped;
        return at + skipped;
    }
    #readHeader(bytes, from) {
        let at = from;
        while (at < bytes.length) {
            this.#header.push(bytes[at++] ?? 0);
            if (this.#header.length < headerLength(this.#header))
                continue;
            this.#payload = payloadLength(this.#header);
            this.#header = [];
            break;
        }
        return at;
    }
}
const CLOSE_OPCODE = 0x88;
/** @returns an unmasked close frame, as a server sends it, with a status code of RFC 6455 section 7.4.1. */
export function createCloseFrame(code) {
    return Buffer.from([CLOSE_OPCODE, 2, code >> 8, code & 0xff]);
}
function headerLength(header) {
    const second = header[1];
    if (second === undefined)
        return 2;
    const extended = { 126: 2, 127: 8 }[second & 0x7f] ?? 0;
    return 2 + extended + (second & 0x80 ? 4 : 0);
}
function payloadLength(header) {
    const short = (header[1] ?? 0) & 0x7f;
    if (short < 126)
        return short;
    const bytes = header.slice(2, short === 126 ? 4 : 10);
    return bytes.reduce((length, byte) => length * 256 + byte, 0);
}
