/** The findings, printed once for each kind, with the command that reproduces it. */

import type { Finding } from './runner.ts';

const EACH_SORT = 3;
const LONGEST = 3_000;
const TOKEN = /eyJ[\w-]{10,}\.[\w-]{20,}\.[\w-]{20,}/g;

export class Findings {
  readonly #seed: number;
  readonly #sorts = new Map<string, number>();
  /** Not printed yet: where the gateway turns out to have ended, they are only consequences of that. */
  #held: Finding[] = [];

  constructor(seed: number) {
    this.#seed = seed;
  }

  get count(): number {
    return [...this.#sorts.values()].reduce((sum, count) => sum + count, this.#held.length);
  }

  add(finding: Finding): void {
    this.#held.push(finding);
  }

  /** Prints what was held back. @param complaint why the gateway no longer works, where it does not. */
  release(complaint: string | undefined): void {
    const held = this.#held;
    this.#held = [];
    if (complaint === undefined) for (const finding of held) this.#print(finding);
    else {
      const suspects = held.flatMap(finding => finding.case?.iteration ?? finding.carried);
      this.#print({ what: `the gateway: ${complaint}`, carried: [...new Set(suspects)], responses: [] });
    }
  }

  /** @returns how often each kind was found, most frequent first. */
  summary(): string[] {
    return [...this.#sorts].sort(([, a], [, b]) => b - a).map(([sort, count]) => `${count} x ${sort}`);
  }

  #print(finding: Finding): void {
    const sort = finding.what
      .replace(/\d+/g, 'N')
      .replace(/[^A-Za-z ,].*$/s, '')
      .trim();
    const count = (this.#sorts.get(sort) ?? 0) + 1;
    this.#sorts.set(sort, count);
    if (count > EACH_SORT) return;
    const { what, carried, responses } = finding;
    const lines = [`FOUND ${shorten(what)}`];
    if (finding.case) {
      const { iteration, kind, pieces } = finding.case;
      lines.push(`  again: npm run fuzz -- --seed ${this.#seed} --from ${iteration} --count 1 (${kind})`);
      lines.push(`  sent: ${shorten(JSON.stringify(pieces))}`);
      lines.push(`  this connection had carried: ${carried.slice(-10).join(' ')}`);
    } else if (carried.length > 0) lines.push(`  one of: ${carried.join(' ')}`);
    for (const response of responses) lines.push(`  got: ${shorten(JSON.stringify(response))}`);
    console.log(lines.join('\n'));
  }
}

function shorten(text: string): string {
  return text
    .replace(TOKEN, 'eyJ…')
    .replace(/(.)\1{60,}/g, '$1…')
    .slice(0, LONGEST);
}
