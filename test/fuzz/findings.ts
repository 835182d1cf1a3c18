/** The findings, printed once for each kind, with the command that reproduces it. */

import type { Finding } from './runner.ts';

const MOST_OF_A_KIND = 3;
const LONGEST = 3_000;
const TOKEN = /eyJ[\w-]{10,}\.[\w-]{20,}\.[\w-]{20,}/g;

export class Findings {
  readonly #seed: number;
  readonly #kinds = new Map<string, number>();
  /** Not printed yet: where the gateway turns out to have ended, they are only consequences of that. */
  #pending: Finding[] = [];

  constructor(seed: number) {
    this.#seed = seed;
  }

  get count(): number {
    return [...this.#kinds.values()].reduce((sum, count) => sum + count, this.#pending.length);
  }

  add(finding: Finding): void {
    this.#pending.push(finding);
  }

  /** Prints the pending findings. @param failure why the gateway no longer works, where it does not. */
  release(failure: string | undefined): void {
    const pending = this.#pending;
    this.#pending = [];
    if (failure === undefined) for (const finding of pending) this.#print(finding);
    else {
      const suspects = pending.flatMap(finding => finding.case?.iteration ?? finding.cases);
      this.#print({ what: `the gateway: ${failure}`, cases: [...new Set(suspects)], responses: [] });
    }
  }

  /** @returns how often each kind was found, most frequent first. */
  summary(): string[] {
    return [...this.#kinds].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${count} x ${kind}`);
  }

  #print(finding: Finding): void {
    const kind = finding.what
      .replace(/\d+/g, 'N')
      .replace(/[^A-Za-z ,].*$/s, '')
      .trim();
    const count = (this.#kinds.get(kind) ?? 0) + 1;
    this.#kinds.set(kind, count);
    if (count > MOST_OF_A_KIND) return;
    const { what, cases, responses } = finding;
    const lines = [`FOUND ${shorten(what)}`];
    if (finding.case) {
      const { iteration, kind, pieces } = finding.case;
      lines.push(`  reproduce: npm run fuzz -- --seed ${this.#seed} --from ${iteration} --count 1 (${kind})`);
      lines.push(`  sent: ${shorten(JSON.stringify(pieces))}`);
      lines.push(`  cases of this connection: ${cases.slice(-10).join(' ')}`);
    } else if (cases.length > 0) lines.push(`  one of: ${cases.join(' ')}`);
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
