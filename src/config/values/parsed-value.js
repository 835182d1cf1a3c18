/** The result of reading one value: the value, or why it is rejected. */
/** @returns the result of a value that is accepted. */
export function accept(value) {
    return { ok: true, value };
}
/** @returns the result of a value that is rejected for `what`. */
export function reject(what, more = {}) {
    return { ok: false, rejection: { what, ...more } };
}
