/** Whether this process should be sent requests, for `/readyz` and the status page. */
/** Opens when the first fetches are over and there was a key, and stays open: a later outage of issuers does not close it. */
export class ReadinessGate {
    #isOpen = false;
    /** @param keys of every process that serves. @returns whether the gate is open. */
    update(keys) {
        this.#isOpen ||= keys.length > 0 && keys.every(({ isSettled, hasHadKeys }) => isSettled && hasHadKeys);
        return this.#isOpen;
    }
}
/** @returns the issuers without keys in any of several processes, with their errors. */
export function describeKeys(keys) {
    const without = keys.flatMap(each => each.without);
    const errors = without.flatMap(({ issuer, error }) => (error === undefined ? [] : [[issuer, error]]));
    return { waitingFor: [...new Set(without.map(({ issuer }) => issuer))], errors: Object.fromEntries(errors) };
}
