/** Reproducible random numbers: every case depends on the seed and its number only, whatever ran before or beside it. */

/** mulberry32: small, fast, and good enough to choose mutations. */
export class Random {
  #state: number;

  /** @param parts the seed, then the number of a case, and of a request in it. */
  constructor(...parts: readonly number[]) {
    this.#state = parts.reduce((state, part) => mix(state ^ mix(part | 0)), 0x9e3779b9);
  }

  /** @returns 32 bits, unsigned. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    return mix(this.#state);
  }

  /** @returns an integer from 0 to `limit`, exclusive. */
  below(limit: number): number {
    return limit <= 1 ? 0 : this.next() % limit;
  }

  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    const picked = list[this.below(list.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** @returns between `low` and `high` results of `make`. */
  many<T>(low: number, high: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.between(low, high) }, (_, index) => make(index));
  }
}

function mix(value: number): number {
  let bits = Math.imul(value ^ (value >>> 15), value | 1);
  bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
  return (bits ^ (bits >>> 14)) >>> 0;
}
