/**
 * The most frequent of unboundedly many keys, in bounded memory: the Space-Saving algorithm (Metwally et al., "Efficient
 * Computation of Frequent and Top-k Elements in Data Streams", 2005).
 */
export class FrequentKeys {
    #most;
    #entries = new Map();
    /** @param most how many keys are kept. */
    constructor(most) {
        this.#most = most;
    }
    /**
     * Adds 1 to the weight of `key`. Where the map is full, a new key replaces the one with the lowest weight and continues
     * from that weight, so that a stream of keys that occur once cannot evict those that occur often.
     *
     * @returns the value that is kept for `key`, or the one just created.
     */
    touch(key, create) {
        const known = this.#entries.get(key);
        if (known) {
            known.weight += 1;
            return known.value;
        }
        const entry = { weight: this.#makeRoom() + 1, value: create() };
        this.#entries.set(key, entry);
        return entry.value;
    }
    values() {
        return Array.from(this.#entries.values(), ({ value }) => value);
    }
    /** Evicts the key with the lowest weight where the map is full. @returns its weight; 0 where none was evicted. */
    #makeRoom() {
        if (this.#entries.size < this.#most)
            return 0;
        let lightest;
        let weight = Number.POSITIVE_INFINITY;
        for (const [key, entry] of this.#entries) {
            if (entry.weight >= weight)
                continue;
            lightest = key;
            weight = entry.weight;
        }
        if (lightest !== undefined)
            this.#entries.delete(lightest);
        return weight;
    }
}
