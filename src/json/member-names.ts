/** The names of one JSON object, compared as bytes. The time is linear in their length, whatever names a caller chooses. */

import { randomBytes } from 'node:crypto';

/** Up to so many names each new one is compared with all. Most objects have fewer, and cost no table. */
const MOST_COMPARED = 8;
/** Numbers in `#places` for each name. */
const FIELDS = 3;

/** Known to nobody else, so that nobody can choose names of one hash. */
const [KEY_0, KEY_1] = [randomBytes(4).readInt32LE(), randomBytes(4).readInt32LE()];

export class MemberNames {
  /** Of each name: its bytes, where it starts and ends in them, and its hash. */
  readonly #sources: Buffer[] = [];
  readonly #places: number[] = [];
  /** Open addressing: the number of a name plus 1, or 0. At most half of it is in use. */
  #table: Int32Array | undefined;

  /**
   * @param source UTF-8; the name is from `start` to before `end`, without escapes.
   * @returns whether it is a new one. `false`: the object has a member of this name.
   */
  add(source: Buffer, start: number, end: number): boolean {
    if (this.#sources.length < MOST_COMPARED) {
      for (let index = 0; index < this.#sources.length; index += 1) {
        if (this.#isAt(index, source, start, end)) return false;
      }
      this.#push(source, start, end, 0);
      return true;
    }
    return this.#addToTable(this.#table ?? this.#createTable(), source, start, end);
  }

  #addToTable(table: Int32Array, source: Buffer, start: number, end: number): boolean {
    const hash = hashBytes(source, start, end);
    let slot = hash & (table.length - 1);
    for (let held = table[slot] ?? 0; held !== 0; held = table[slot] ?? 0) {
      if (this.#places[FIELDS * held - 1] === hash && this.#isAt(held - 1, source, start, end)) return false;
      slot = (slot + 1) & (table.length - 1);
    }
    this.#push(source, start, end, hash);
    table[slot] = this.#sources.length;
    if (2 * this.#sources.length > table.length) this.#fill(4 * table.length);
    return true;
  }

  #createTable(): Int32Array {
    for (const [index, source] of this.#sources.entries()) {
      const [start = 0, end = 0] = this.#places.slice(FIELDS * index);
      this.#places[FIELDS * index + 2] = hashBytes(source, start, end);
    }
    return this.#fill(4 * MOST_COMPARED);
  }

  /** @param size a power of 2. */
  #fill(size: number): Int32Array {
    const table = new Int32Array(size);
    for (let held = 1; held <= this.#sources.length; held += 1) {
      let slot = (this.#places[FIELDS * held - 1] ?? 0) & (size - 1);
      while (table[slot] !== 0) slot = (slot + 1) & (size - 1);
      table[slot] = held;
    }
    this.#table = table;
    return table;
  }

  #push(source: Buffer, start: number, end: number, hash: number): void {
    this.#sources.push(source);
    this.#places.push(start, end, hash);
  }

  #isAt(index: number, source: Buffer, start: number, end: number): boolean {
    const held = this.#sources[index] ?? NOTHING;
    let at = this.#places[FIELDS * index] ?? 0;
    if ((this.#places[FIELDS * index + 1] ?? 0) - at !== end - start) return false;
    for (let other = start; other < end; other += 1, at += 1) if (held[at] !== source[other]) return false;
    return true;
  }
}

const NOTHING = Buffer.alloc(0);

/** The state of HalfSipHash-1-3 (Aumasson and Bernstein), a hash with a key. Here, since it runs for every name. */
let [v0, v1, v2, v3] = [0, 0, 0, 0];

/** @returns 32 bits. */
function hashBytes(bytes: Buffer, start: number, end: number): number {
  v0 = KEY_0;
  v1 = KEY_1;
  v2 = 0x6c796765 ^ KEY_0;
  v3 = 0x74656462 ^ KEY_1;
  let at = start;
  for (; at + 4 <= end; at += 4) absorb(wordAt(bytes, at));
  let last = (end - start) << 24;
  for (let shift = 0; at < end; at += 1, shift += 8) last |= (bytes[at] ?? 0) << shift;
  absorb(last);
  v2 ^= 0xff;
  mix();
  mix();
  mix();
  return v1 ^ v3;
}

function absorb(message: number): void {
  v3 ^= message;
  mix();
  v0 ^= message;
}

function mix(): void {
  v0 = (v0 + v1) | 0;
  v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
  v0 = (v0 << 16) | (v0 >>> 16);
  v2 = (v2 + v3) | 0;
  v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
  v0 = (v0 + v3) | 0;
  v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
  v2 = (v2 + v1) | 0;
  v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
  v2 = (v2 << 16) | (v2 >>> 16);
}

function wordAt(bytes: Buffer, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}
