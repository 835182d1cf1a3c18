/** The error of a fetch that returned no keys, and the keys of the latest fetch that did. */
/**
 * The message is written here, never taken from a library: it says what was asked for and, of the response, at most a URL
 * without credentials, query and fragment.
 */
export class KeyFetchError extends Error {
    isShared;
    tokenFetchAge;
    age;
    last;
    constructor(message, { isShared = false, tokenFetchAge, age = 0, last } = {}) {
        super(message);
        this.isShared = isShared;
        this.tokenFetchAge = tokenFetchAge;
        this.age = age;
        this.last = last;
    }
}
