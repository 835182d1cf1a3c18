/** All counts of a process: one tally for each route and each issuer, and one for the gateway as a whole. */
import { Tally } from './tally.js';
/** Tallies in one part. Writing so many as JSON takes about a millisecond. */
const PART = 200;
export class Counts {
    #tallies = {
        route: new Map(),
        issuer: new Map(),
        gateway: new Map(),
    };
    #version = 1;
    #created = 0;
    /** @returns the tally of `name`, for counting: created if needed, and marked as changed for the next `changes`. */
    touch(subject, name) {
        const tally = this.find(subject, name) ?? this.#create(subject, name);
        tally.changedIn = this.#version;
        return tally;
    }
    find(subject, name) {
        return this.#tallies[subject].get(name);
    }
    list(subject) {
        return this.#tallies[subject].values();
    }
    /** How many series a counter has. */
    size(subject, counter) {
        let size = 0;
        for (const tally of this.list(subject))
            size += tally.size(counter);
        return size;
    }
    /**
     * Deletes tallies that are unused in two configurations in a row. One reload of grace lets Prometheus scrape the last values,
     * and lets a reload be undone without loss. Memory is bounded by two configurations.
     */
    dropUnused({ routes, issuers, isConfusion }) {
        this.#dropUnused('route', routes);
        this.#dropUnused('issuer', issuers);
        for (const tally of this.list('route')) {
            tally.dropUnused('confusedDeputies', values => isConfusion(tally.name, values));
        }
    }
    /**
     * @param since the `version` of the changes that the caller has; 0 for all counts.
     * @param from where this part begins; 0 for the first part.
     */
    changes(since, from = 0, most = PART) {
        if (from === 0)
            this.#version += 1;
        const part = [];
        for (const tallies of Object.values(this.#tallies)) {
            for (const tally of tallies.values())
                if (tally.changedIn >= since && tally.id >= from)
                    part.push(tally);
        }
        part.sort((a, b) => a.id - b.id);
        const tallies = part.slice(0, most).map(tally => tally.counts());
        return { version: this.#version, tallies, next: part[most]?.id };
    }
    /** Takes the counts of another process, and adds to `total` by how much they have grown since the last call. */
    mirror({ tallies }, total) {
        for (const counts of tallies) {
            const { subject, name } = counts;
            this.touch(subject, name).mirror(counts, total.touch(subject, name));
        }
    }
    #create(subject, name) {
        this.#created += 1;
        const tally = new Tally(subject, name, this.#created);
        this.#tallies[subject].set(name, tally);
        return tally;
    }
    #dropUnused(subject, inUse) {
        const tallies = this.#tallies[subject];
        for (const [name, tally] of tallies) {
            if (inUse.has(name))
                tally.isUnused = false;
            else if (tally.isUnused)
                tallies.delete(name);
            else
                tally.isUnused = true;
        }
    }
}
