/** The counts of one route, of one issuer, or of the gateway as a whole: plain numbers, labelled only when they are read. */
import { DurationHistogram } from './duration-histogram.js';
export class Tally {
    subject;
    name;
    /** Rises with each tally that is created. */
    id;
    /** The version of the counts in which it changed last. */
    changedIn = 0;
    /** At the last reload, nothing in the configuration had this name. */
    isUnused = false;
    #series = new Map();
    #histograms = new Map();
    constructor(subject, name, id) {
        this.subject = subject;
        this.name = name;
        this.id = id;
    }
    has(counter, values) {
        return this.#series.get(counter)?.has(keyOf(values)) === true;
    }
    /** How many series a counter has. Each has counted something, and only a reload removes one. */
    size(counter) {
        return this.#series.get(counter)?.size ?? 0;
    }
    count(counter, values) {
        this.#findSeries(counter, values).count += 1;
    }
    /** Counts in a series that exists already. @returns whether it exists. */
    countKnown(counter, values) {
        const series = this.#series.get(counter)?.get(keyOf(values));
        if (series)
            series.count += 1;
        return series !== undefined;
    }
    observe(histogram, milliseconds) {
        this.#findHistogram(histogram).observe(milliseconds);
    }
    /** @returns the series of a counter; none of them is at 0. */
    series(counter) {
        return this.#series.get(counter)?.values() ?? [];
    }
    histogram(histogram) {
        return this.#histograms.get(histogram);
    }
    /** Deletes series that are unused in two configurations in a row. */
    dropUnused(counter, isInUse) {
        const series = this.#series.get(counter);
        for (const [key, each] of series ?? []) {
            if (isInUse(each.values))
                each.isUnused = false;
            else if (each.isUnused)
                series?.delete(key);
            else
                each.isUnused = true;
        }
    }
    /** @returns all of its counts, for another process. */
    counts() {
        const counters = [...this.#series].flatMap(([counter, series]) => Array.from(series.values(), ({ values, count }) => [counter, values, count]));
        const histograms = Array.from(this.#histograms, ([histogram, each]) => [histogram, each.numbers()]);
        return { subject: this.subject, name: this.name, counters, histograms };
    }
    /** Takes the counts of another process, and adds to `total` by how much they have grown since the last call. */
    mirror({ counters, histograms }, total) {
        for (const [counter, values, count] of counters) {
            const before = this.#findSeries(counter, values);
            // Fewer than before: the other process dropped the series meanwhile and counts from 0 again.
            total.#findSeries(counter, values).count += count < before.count ? count : count - before.count;
            before.count = count;
        }
        for (const [histogram, numbers] of histograms) {
            this.#findHistogram(histogram).mirror(numbers, total.#findHistogram(histogram));
        }
    }
    #findSeries(counter, values) {
        const ofCounter = this.#series.get(counter) ?? new Map();
        if (ofCounter.size === 0)
            this.#series.set(counter, ofCounter);
        const key = keyOf(values);
        const known = ofCounter.get(key);
        if (known)
            return known;
        const series = { values: [...values], count: 0, isUnused: false };
        ofCounter.set(key, series);
        return series;
    }
    #findHistogram(name) {
        const known = this.#histograms.get(name);
        if (known)
            return known;
        const histogram = new DurationHistogram();
        this.#histograms.set(name, histogram);
        return histogram;
    }
}
/** No label value of ours has a line feed: names of routes and issuers are URIs and paths, checked at load. */
function keyOf(values) {
    return values.length === 1 ? (values[0] ?? '') : values.join('\n');
}
