/** By when a client must send what is waited for: a head, or the next piece of a body. */
import { Deadline } from '../deadline.js';
import { LINGER_TIME } from './lingering-close.js';
export class InputDeadline extends Deadline {
    /** Of the request under way, or of the last one. */
    #settings;
    /** Milliseconds for the next piece of the body. */
    #bodyTime = 0;
    /** Begins with the wait for the first head of a connection. */
    constructor(settings) {
        super();
        this.#settings = settings;
        this.start(settings.timeouts.headers);
    }
    /** Milliseconds for the client to take what it is sent. */
    get patience() {
        return this.#settings.timeouts.body;
    }
    /** For the rest of a head. */
    awaitHead({ timeouts }) {
        this.startAtMost(timeouts.headers);
    }
    /** For the first byte of the next request. */
    awaitRequest({ timeouts }) {
        this.start(timeouts.keepAlive);
    }
    /** A request is under way, with its own settings until it has ended. */
    begin(settings) {
        this.#settings = settings;
        this.#bodyTime = this.patience;
        this.stop();
    }
    /** @param time milliseconds for each piece, also of those that follow. */
    awaitBody(time = this.#bodyTime) {
        this.#bodyTime = time;
        this.start(time);
    }
    /** For the rest of what is dropped. */
    linger() {
        this.start(LINGER_TIME);
    }
}
