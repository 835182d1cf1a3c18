/** An access log, line by line, against a configuration: what would change, and what cannot be known. */

import type { Config } from '../../config/config.ts';
import type { TokenChange } from '../../config/upstream-token-changes.ts';
import { type ChangeGroup, ChangeLedger } from './changes.ts';
import { type ChangeKind, compare } from './comparison.ts';
import { readLines } from './lines.ts';
import type { LogLine } from './log-line.ts';
import { Judge } from './ruling.ts';
import { StoredLines } from './stored-line.ts';
import { TokenDefaults } from './token-defaults.ts';
import type { UnknownCause } from './unknown.ts';

/** Of the lines that audgate wrote, however they are stored: `lines` = `judged` + what is unknown + `skipped` + `broken`; `judged` = `unchanged` + what is changed. */
export interface Replay {
  readonly lines: number;
  readonly judged: number;
  readonly unchanged: number;
  readonly changed: Readonly<Record<ChangeKind, number>>;
  /** Lines that tell of no request: the life of the process. */
  readonly skipped: number;
  /** No JSON object, without the fields of a request's line, or longer than 1 Mi characters. */
  readonly broken: number;
  readonly unknown: ReadonlyMap<UnknownCause, number>;
  /** The largest first. */
  readonly groups: readonly ChangeGroup[];
  /** Whether there were more groups than are kept one by one. */
  readonly isCut: boolean;
  /** Routes whose default of `upstream_token` changes. */
  readonly tokenDefaults: readonly TokenChange[];
}

/** What is told while it goes on: bytes and lines so far. */
export type OnProgress = (bytes: number, lines: number) => void;

export interface Configurations {
  readonly now: Config;
  /** That which wrote the log, where it is known. */
  readonly from: Config | undefined;
}

/** Judges each line of `pieces` under `now`. Settles at the end of the log; rejects where it cannot be read. */
export async function replay(
  pieces: AsyncIterable<Uint8Array>,
  configurations: Configurations,
  onProgress: OnProgress,
): Promise<Replay> {
  const tally = new Tally(configurations);
  let bytes = 0;
  await readLines(pieces, {
    line: text => tally.take(text),
    tooLong: () => tally.takeBroken(),
    piece: length => {
      bytes += length;
      onProgress(bytes, tally.lines);
    },
  });
  return tally.finish();
}

class Tally {
  readonly #stored = new StoredLines();
  readonly #judge: Judge;
  readonly #ledger: ChangeLedger;
  readonly #tokenDefaults: TokenDefaults;
  readonly #changed = { would_break: 0, would_open: 0, newly_reported: 0, no_longer_reported: 0, otherwise: 0 };
  readonly #unknown = new Map<UnknownCause, number>();
  lines = 0;
  #unchanged = 0;
  #skipped = 0;
  #broken = 0;

  constructor({ now, from }: Configurations) {
    this.#judge = new Judge(now, from);
    this.#tokenDefaults = new TokenDefaults(now, from);
    this.#ledger = new ChangeLedger(new Set(now.routes.map(({ key }) => key)));
  }

  take(text: string): void {
    const line = this.#stored.read(text);
    if (line === undefined) return;
    this.lines += 1;
    if (line === 'broken') this.#broken += 1;
    else if (line === 'skipped') this.#skipped += 1;
    else this.#judgeLine(line);
  }

  takeBroken(): void {
    this.lines += 1;
    this.#broken += 1;
  }

  #judgeLine(line: LogLine): void {
    this.#tokenDefaults.take(line);
    const result = compare(line, this.#judge.rule(line));
    if (result === 'unchanged') this.#unchanged += 1;
    else if ('unknown' in result) this.#unknown.set(result.unknown, (this.#unknown.get(result.unknown) ?? 0) + 1);
    else {
      this.#changed[result.kind] += 1;
      this.#ledger.add(line, result);
    }
  }

  finish(): Replay {
    for (let left = this.#stored.unfinished; left > 0; left -= 1) this.takeBroken();
    const changes = Object.values(this.#changed).reduce((sum, number) => sum + number, 0);
    return {
      lines: this.lines,
      judged: this.#unchanged + changes,
      unchanged: this.#unchanged,
      changed: this.#changed,
      skipped: this.#skipped,
      broken: this.#broken,
      unknown: this.#unknown,
      groups: this.#ledger.list(),
      isCut: this.#ledger.isCut,
      tokenDefaults: this.#tokenDefaults.list(),
    };
  }
}
