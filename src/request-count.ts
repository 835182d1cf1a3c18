/** Counts the requests of one gateway until the last has finished. */
export class RequestCount {
  #count = 0;
  #onIdle: (() => void) | undefined;

  enter(): void {
    this.#count += 1;
  }

  leave(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#onIdle?.();
  }

  /** Settles when no request is left. Call it once. */
  async untilIdle(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>(resolve => {
      this.#onIdle = resolve;
    });
  }
}
