/** One making for all who ask: what is made on the thread that forwards is made once in a second at most, whoever asks how often. */

import { setTimeout } from 'node:timers/promises';

/** Milliseconds from the beginning of one making to that of the next. */
const INTERVAL = 1_000;

/**
 * @returns what gives the next thing that `make` makes. Whoever asks while one is waited for shares it, and what he gets was
 *   begun after he asked, so it shows all that had happened by then; a reader in a loop gets one in a second. Who cannot wait
 *   `patience` milliseconds until it begins is given the last one. No two are made at once.
 */
export function shareMaking<T>(make: () => Promise<T>, interval = INTERVAL): (patience?: number) => Promise<T> {
  let next: Promise<T> | undefined;
  let last: Promise<T> | undefined;
  let before: Promise<unknown> = Promise.resolve();
  let earliest = Number.NEGATIVE_INFINITY;
  const makeNext = async () => {
    await before;
    const wait = earliest - performance.now();
    if (wait > 0) await setTimeout(wait);
    next = undefined;
    earliest = performance.now() + interval;
    const making = make();
    before = making.then(
      () => {
        last = making;
      },
      () => undefined,
    );
    return making;
  };
  return (patience = Number.POSITIVE_INFINITY) => {
    if (last && earliest - performance.now() > patience) return last;
    next ??= makeNext();
    return next;
  };
}
