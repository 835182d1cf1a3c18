/** The busiest of keys that nobody bounds, in bounded memory (Metwally et al., "Efficient Computation of Frequent and Top-k Elements", 2005). */

export class Busiest<T> {
  readonly #most: number;
  readonly #entries = new Map<string, { weight: number; readonly value: T }>();

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Weighs `key` once more. Where there is no room, a new key takes the place of the lightest one and goes on from its
   * weight, so that a stream of keys that come once cannot drive out those that come often.
   *
   * @returns what is kept of `key`, or was just created.
   */
  take(key: string, create: () => T): T {
    const known = this.#entries.get(key);
    if (known) {
      known.weight += 1;
      return known.value;
    }
    const entry = { weight: this.#makeRoom() + 1, value: create() };
    this.#entries.set(key, entry);
    return entry.value;
  }

  values(): readonly T[] {
    return Array.from(this.#entries.values(), ({ value }) => value);
  }

  /** @returns the weight of what had to go. */
  #makeRoom(): number {
    if (this.#entries.size < this.#most) return 0;
    let lightest: string | undefined;
    let weight = Number.POSITIVE_INFINITY;
    for (const [key, entry] of this.#entries) {
      if (entry.weight >= weight) continue;
      lightest = key;
      weight = entry.weight;
    }
    if (lightest !== undefined) this.#entries.delete(lightest);
    return weight;
  }
}
