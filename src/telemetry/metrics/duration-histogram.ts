/** A Prometheus histogram of durations, kept as plain numbers until it is read. */

/** Upper bounds of the buckets, in seconds. */
export const BUCKET_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** One observation that belongs to a trace. Sent between processes as JSON. */
export interface Exemplar {
  /** 32 hexadecimal digits, which a caller chose. */
  readonly traceId: string;
  readonly seconds: number;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** By bucket; `null` comes from JSON. */
export type Exemplars = readonly (Exemplar | null | undefined)[];

const NONE: Exemplars = [];

export class DurationHistogram {
  /** One more than there are bounds: the last bucket is for what exceeds them all. */
  readonly #counts: number[] = new Array(BUCKET_BOUNDS.length + 1).fill(0);
  #exemplars: (Exemplar | undefined)[] | undefined;
  #sum = 0;
  #count = 0;

  /** Observations of each bucket alone, not cumulative. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  /** The latest of each bucket. */
  get exemplars(): Exemplars {
    return this.#exemplars ?? NONE;
  }

  /** Seconds of all observations together. */
  get sum(): number {
    return this.#sum;
  }

  /** Observations so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * @param milliseconds that one request took.
   * @param traceId of the trace that it belongs to.
   */
  observe(milliseconds: number, traceId?: string): void {
    const seconds = milliseconds / 1000;
    let bucket = 0;
    while (bucket < BUCKET_BOUNDS.length && seconds > (BUCKET_BOUNDS[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
    this.#count += 1;
    if (traceId !== undefined) this.#keep(bucket, { traceId, seconds, at: Date.now() / 1000 });
  }

  /** @returns its numbers, for another process: the counts of the buckets, then the sum. */
  numbers(): readonly number[] {
    return [...this.#counts, this.#sum];
  }

  /**
   * Takes the numbers of another process, and adds to `total` by how much they have grown since the last call. Of its exemplars
   * `total` keeps those that are newer than its own.
   */
  mirror(numbers: readonly number[], exemplars: Exemplars, total: DurationHistogram): void {
    const counts = numbers.slice(0, -1);
    const sum = numbers.at(-1) ?? 0;
    const count = counts.reduce((all, each) => all + each, 0);
    // Fewer than before: the other process dropped the series meanwhile and counts from 0 again.
    const isReset = count < this.#count;
    for (const [index, now] of counts.entries()) {
      total.#add(index, now - (isReset ? 0 : (this.#counts[index] ?? 0)));
      this.#counts[index] = now;
    }
    total.#sum += sum - (isReset ? 0 : this.#sum);
    this.#sum = sum;
    this.#count = count;
    for (const [bucket, exemplar] of exemplars.entries()) {
      if (exemplar && exemplar.at >= (total.exemplars[bucket]?.at ?? 0)) total.#keep(bucket, exemplar);
    }
  }

  #keep(bucket: number, exemplar: Exemplar): void {
    this.#exemplars ??= new Array(BUCKET_BOUNDS.length + 1).fill(undefined);
    this.#exemplars[bucket] = exemplar;
  }

  #add(bucket: number, count: number): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#count += count;
  }
}
